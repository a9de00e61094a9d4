// timer_go.go: time.AfterFunc and Stop while many timers are pending; Reset where a timer is replaced.
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

func (r *random) bits() uint64 {
	r.state ^= r.state << 13
	r.state ^= r.state >> 7
	r.state ^= r.state << 17
	return r.state
}

func (r *random) next() time.Duration {
	return common.Seconds(r.low + r.width*(float64(r.bits()>>11)/(1<<53)))
}

func (r *random) below(count int) int {
	return int((r.bits() >> 11) % uint64(count))
}

func nothing() {}

func measure(row string, count int, operation func()) {
	batch := int(common.Setting("BENCH_TIMER_BATCH"))
	var meter common.Meter
	for !meter.Over {
		for i := 0; i < batch; i++ {
			operation()
		}
		meter.Ops += int64(batch)
		meter.Lap()
		runtime.Gosched()
	}
	common.Print(fmt.Sprintf("%s/%d", row, count), meter.NsPerOp, "ns")
}

func main() {
	runtime.GOMAXPROCS(1)
	count := common.Size()
	nearest, farthest := common.Setting("BENCH_TIMER_NEAREST"), common.Setting("BENCH_TIMER_FARTHEST")
	delays := random{88172645463325252, nearest, farthest - nearest}
	timers := make([]*time.Timer, count)
	for i := range timers {
		timers[i] = time.AfterFunc(delays.next(), nothing)
	}
	measure("timer", count, func() { time.AfterFunc(delays.next(), nothing).Stop() })
	measure("replace", count, func() { timers[delays.below(count)].Reset(delays.next()) })
}
