// timer_go.go: time.AfterFunc and Stop while many timers are pending.
// Touches the standard library. The scheduler gets its turn after each batch, to sweep what was stopped.
package main

import (
	"fmt"
	"runtime"
	"time"

	"eddy/bench/common"
)

// random is random.h: the same delays as in the other programs.
type random struct {
	state      uint64
	low, width float64
}

func (r *random) next() time.Duration {
	r.state ^= r.state << 13
	r.state ^= r.state >> 7
	r.state ^= r.state << 17
	return common.Seconds(r.low + r.width*(float64(r.state>>11)/(1<<53)))
}

func nothing() {}

func main() {
	runtime.GOMAXPROCS(1)
	count, batch := common.Size(), int(common.Setting("BENCH_TIMER_BATCH"))
	nearest, farthest := common.Setting("BENCH_TIMER_NEAREST"), common.Setting("BENCH_TIMER_FARTHEST")
	delays := random{88172645463325252, nearest, farthest - nearest}
	timers := make([]*time.Timer, count)
	for i := range timers {
		timers[i] = time.AfterFunc(delays.next(), nothing)
	}
	var meter common.Meter
	for !meter.Over {
		for i := 0; i < batch; i++ {
			time.AfterFunc(delays.next(), nothing).Stop()
		}
		meter.Ops += int64(batch)
		meter.Lap()
		runtime.Gosched()
	}
	common.Print(fmt.Sprintf("timer/%d", count), meter.NsPerOp, "ns")
	runtime.KeepAlive(timers)
}
