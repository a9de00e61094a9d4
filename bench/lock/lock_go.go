// lock_go.go: a sync.Mutex that nobody else wants, locked and unlocked by one goroutine.
// Touches the standard library. On one processor, as eddy is.
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
	var lock sync.Mutex
	for !meter.Over {
		for i := 0; i < batch; i++ {
			lock.Lock()
			lock.Unlock()
		}
		meter.Ops += int64(batch)
		meter.Lap()
	}
	common.Print(fmt.Sprintf("lock/%d", count), meter.NsPerOp, "ns")
}
