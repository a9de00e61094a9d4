// generator_go.go: an unbuffered channel on which one goroutine hands values to another.
// Touches the standard library. On one processor, as eddy is.
package main

import (
	"fmt"
	"runtime"

	"eddy/bench/common"
)

func values(out chan<- int) {
	for i := 0; ; i++ {
		out <- i
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	count, batch := common.Size(), int(common.Setting("BENCH_BATCH"))
	var meter common.Meter
	out := make(chan int)
	go values(out)
	for !meter.Over {
		for i := 0; i < batch; i++ {
			<-out
		}
		meter.Ops += int64(batch)
		meter.Lap()
	}
	common.Print(fmt.Sprintf("generator/%d", count), meter.NsPerOp, "ns")
}
