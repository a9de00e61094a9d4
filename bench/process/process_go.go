// process_go.go: goroutines that each start a child and wait for it: os/exec.
// Touches the standard library.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"

	"eddy/bench/common"
)

func main() {
	count := common.Size()
	var meter common.Meter
	var ops int64
	var over atomic.Bool
	var group sync.WaitGroup
	running := func(leader bool) {
		defer group.Done()
		for !over.Load() {
			if err := exec.Command("/bin/true").Run(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			done := atomic.AddInt64(&ops, 1)
			if leader {
				meter.Ops = done
				meter.Lap()
				if meter.Over {
					over.Store(true)
				}
			}
		}
	}
	for i := 0; i < count; i++ {
		group.Add(1)
		go running(i == 0)
	}
	group.Wait()
	common.Print(fmt.Sprintf("process/%d", count), meter.NsPerOp/1000, "us")
}
