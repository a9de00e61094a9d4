// yield_go.go: goroutines that give way to each other on one processor: runtime.Gosched.
// Touches the standard library. The counter is shared without a lock because only one runs at a time.
package main

import (
	"fmt"
	"runtime"
	"sync"

	"eddy/bench/common"
)

func main() {
	runtime.GOMAXPROCS(1)
	count, batch := common.Size(), int(common.Setting("BENCH_BATCH"))
	var meter common.Meter
	var group sync.WaitGroup
	for i := 0; i < count; i++ {
		group.Add(1)
		go func(leader bool) {
			defer group.Done()
			for !meter.Over {
				for i := 0; i < batch; i++ {
					runtime.Gosched()
				}
				meter.Ops += int64(batch)
				if leader {
					meter.Lap()
				}
			}
		}(i == 0)
	}
	group.Wait()
	common.Print(fmt.Sprintf("yield/%d", count), meter.NsPerOp, "ns")
}
