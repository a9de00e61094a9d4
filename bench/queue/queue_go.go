// queue_go.go: pairs of goroutines that ask and answer through two channels on one processor.
// Touches the standard library. The counter is shared without a lock because only one runs at a time. Everybody looks at
// the clock: a pair may have its turn for long, and then not again for seconds.
package main

import (
	"fmt"
	"runtime"
	"sync"

	"eddy/bench/common"
)

func measure(count, room, batch int) float64 {
	var meter common.Meter
	var group sync.WaitGroup
	for i := 0; i < count/2; i++ {
		questions, answers := make(chan *common.Meter, room), make(chan *common.Meter, room)
		group.Add(2)
		go func() {
			defer group.Done()
			for !meter.Over {
				for i := 0; i < batch; i++ {
					questions <- &meter
					<-answers
				}
				meter.Ops += int64(batch)
				meter.Lap()
			}
			close(questions)
		}()
		go func() {
			defer group.Done()
			for question := range questions {
				answers <- question
			}
		}()
	}
	group.Wait()
	return meter.NsPerOp
}

func main() {
	runtime.GOMAXPROCS(1)
	count, batch := common.Size(), int(common.Setting("BENCH_BATCH"))
	row := fmt.Sprintf("queue/%d", count)
	common.Print(row, measure(count, 0, batch), "ns")
	common.Print(row+"@buffered", measure(count, 1, batch), "ns")
}
