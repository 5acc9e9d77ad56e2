package temporary

import "sync"

// live is what this process has under way: a program that must end at once takes it
// away.
var live struct {
	sync.Mutex
	all map[remover]struct{}
}

type remover interface{ Remove() error }

func keep[R remover](r R) R {
	live.Lock()
	defer live.Unlock()
	if live.all == nil {
		live.all = map[remover]struct{}{}
	}
	live.all[r] = struct{}{}
	return r
}

func forget(r remover) {
	live.Lock()
	defer live.Unlock()
	delete(live.all, r)
}

// RemoveAll removes what this process has under way, whoever is writing to it. The
// process ends right after.
func RemoveAll() {
	live.Lock()
	var all []remover
	for r := range live.all {
		all = append(all, r)
	}
	live.Unlock()
	for _, r := range all {
		for range 3 { // a writer may add to a folder meanwhile
			if r.Remove() == nil {
				break
			}
		}
	}
}
