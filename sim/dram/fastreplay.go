package dram

// replay moves runs through a channel, until their last request is served and
// its data has moved. It reports whether there were any.
func (f *fastChannel) replay(source *cutter) bool {
	if !f.takeIn(source) {
		return false
	}
	f.finish()
	return true
}

// begin prepares the channel for requests.
func (f *fastChannel) begin() {
	f.quietSince = never
	if f.power != standby {
		f.leave()
		f.wake()
	}
}

// wait lets the channel run, without new requests, up to a clock at which the next
// ones arrive.
func (f *fastChannel) wait(until int64) {
	f.recall()
	f.leave()
	f.channel.wait(until)
}

// takeIn takes in all runs of a source, and reports whether there were any.
func (f *fastChannel) takeIn(source *cutter) (some bool) {
	for r, more := source.next(); more && !f.stopped(); r, more = source.next() {
		if !some {
			f.begin()
			some = true
		}
		if !source.long {
			f.leave()
			f.simulate(r, source.layout)
		} else {
			f.stream(r, source.layout)
		}
	}
	return some
}

// stream takes in a run of a long extent: along an edge if one leads on, or else
// at command level, to learn the edge.
func (f *fastChannel) stream(r run, l *layout) {
	f.locate()
	s, lanes, ok := f.runStep(r, l)
	if ok && f.jump(s, &lanes) {
		return
	}
	rec := f.record(s, lanes.banks)
	f.leave()
	f.simulate(r, l)
	if ok {
		f.learn(rec)
	}
	f.observer = nil
}

// finish drains the queues.
func (f *fastChannel) finish() {
	if f.at == nil {
		f.leave()
		f.drain()
		return
	}
	s := f.drainStep()
	if f.jump(s, &lanes{}) {
		return
	}
	rec := f.record(s, 0)
	f.leave()
	f.drain()
	f.learn(rec)
}

// simulate takes in a run at command level.
func (f *fastChannel) simulate(r run, l *layout) {
	f.take(r, l)
	var earlier [maxLanes]int32
	f.ask(&lanes{run: r, layout: l}, &earlier)
}
