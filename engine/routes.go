package engine

import "math"

// SkewedRoutes draws experts with a stated skew: in each layer the expert of
// rank r, by an order of its own, is drawn with a weight of (r+1)^-Skew, and a
// token's experts without replacement. Skew 0 draws all alike. The same seed
// gives a token of a layer the same experts, whatever was asked before.
//
// Tokens are drawn independently of each other. Routers of trained models are
// not: they repeat experts from token to token, so that a cache hits more often.
type SkewedRoutes struct {
	Experts int
	Seed    uint64
	Skew    float64
}

// DefaultSkew is the skew of a session that is given no routes: within a layer
// of published mixtures the most used quarter of the experts takes about a half
// of the tokens.
const DefaultSkew = 0.5

// Choose implements Routes. Sampling without replacement by exponential keys
// (Efraimidis and Spirakis, 2006): the smallest of -ln(u)/weight win.
func (s SkewedRoutes) Choose(dst []int32, used, layer, pos int) {
	order := s.order(layer)
	keys := make([]float64, used)
	for t := 0; t*used < len(dst); t++ {
		ids := dst[t*used : (t+1)*used]
		n := 0
		for rank, expert := range order {
			u := float64(mix(s.Seed^mix(uint64(layer)<<40^uint64(pos+t)<<16^uint64(expert)))>>11)/(1<<53) + 0x1p-54
			key := -math.Log(u) * math.Pow(float64(rank+1), s.Skew)
			if n == used && key >= keys[n-1] {
				continue
			}
			if n < used {
				n++
			}
			i := n - 1
			for ; i > 0 && keys[i-1] > key; i-- {
				keys[i], ids[i] = keys[i-1], ids[i-1]
			}
			keys[i], ids[i] = key, expert
		}
	}
}

// order returns the experts of a layer by rank: a shuffle of the layer's own.
func (s SkewedRoutes) order(layer int) []int32 {
	order := make([]int32, s.Experts)
	for i := range order {
		j := int(mix(s.Seed^mix(uint64(layer)<<32|uint64(i)^0x5bd1e995)) % uint64(i+1))
		order[i] = order[j]
		order[j] = int32(i)
	}
	return order
}

// mix is the output function of SplitMix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
