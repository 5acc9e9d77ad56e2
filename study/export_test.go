package study

var LatencyUncertainty = latencyUncertainty
