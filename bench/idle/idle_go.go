// idle_go.go: many idle connections of a server in Go: a goroutine for each that waits in a read.
// Touches the standard library. The clients are another process, this program once more.
package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"time"

	"eddy/bench/common"
)

func hold(address string, count int) {
	var connections []net.Conn
	for i := 0; i < count; i++ {
		connection, err := net.Dial("tcp4", address)
		common.Check(err)
		connections = append(connections, connection)
	}
	_, _ = os.Stdin.Read(make([]byte, 1)) // ends with the parent
	runtime.KeepAlive(connections)
}

func wait(client net.Conn) {
	_, _ = client.Read(make([]byte, 1))
	_ = client.Close()
}

func main() {
	count := common.Size()
	if len(os.Args) > 2 {
		hold(os.Args[2], count)
		return
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	common.Check(err)
	clients := exec.Command(os.Args[0], os.Args[1], listener.Addr().String())
	_, err = clients.StdinPipe()
	common.Check(err)
	common.Check(clients.Start())
	resident, tables := common.Memory()
	began := time.Now()
	for i := 0; i < count; i++ {
		client, err := listener.Accept()
		common.Check(err)
		go wait(client)
	}
	runtime.Gosched()
	taken := time.Since(began)
	residentAfter, tablesAfter := common.Memory()
	row := fmt.Sprintf("streams/%d/", count)
	common.Print(row+"resident", (residentAfter-resident)/float64(count), "B")
	common.Print(row+"page_tables", (tablesAfter-tables)/float64(count), "B")
	common.Print(row+"create", float64(taken)/float64(count), "ns")
}
