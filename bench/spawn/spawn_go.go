// spawn_go.go: goroutines that are made, run and joined by a WaitGroup, on one processor and on all.
// Touches the standard library.
package main

import (
	"fmt"
	"runtime"
	"sync"

	"eddy/bench/common"
)

func measure(count int) float64 {
	rounds := 1
	if count == 1 {
		rounds = int(common.Setting("BENCH_BATCH"))
	}
	var meter common.Meter
	var group sync.WaitGroup
	for !meter.Over {
		for round := 0; round < rounds; round++ {
			group.Add(count)
			for i := 0; i < count; i++ {
				go group.Done()
			}
			group.Wait()
		}
		meter.Ops += int64(rounds * count)
		meter.Lap()
	}
	return meter.NsPerOp
}

func main() {
	count := common.Size()
	all := runtime.GOMAXPROCS(1)
	common.Print(fmt.Sprintf("spawn/%d", count), measure(count), "ns")
	runtime.GOMAXPROCS(all)
	common.Print(fmt.Sprintf("spawn/%d@%dcpu", count, all), measure(count), "ns")
}
