// parked_go.go: many goroutines at rest on a channel. Go grows their stacks, so there is no size to choose.
// Touches the standard library.
package main

import (
	"fmt"
	"runtime"
	"time"

	"eddy/bench/common"
)

func main() {
	runtime.GOMAXPROCS(1)
	count := common.Size()
	never := make(chan struct{})
	parked := 0
	resident, tables := common.Memory()
	began := time.Now()
	for i := 0; i < count; i++ {
		go func() {
			parked++
			<-never
		}()
	}
	for parked < count {
		runtime.Gosched()
	}
	taken := time.Since(began)
	residentAfter, tablesAfter := common.Memory()
	row := fmt.Sprintf("default/%d/", count)
	common.Print(row+"resident", (residentAfter-resident)/float64(count), "B")
	common.Print(row+"page_tables", (tablesAfter-tables)/float64(count), "B")
	common.Print(row+"create", float64(taken)/float64(count), "ns")
}
