// Package common is meter.h for Go: warm up, count operations until the time is over, print.
// Touches the clock and the environment. The clock is read once a batch.
package common

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Setting is a number of bench/settings.
func Setting(name string) float64 {
	value, err := strconv.ParseFloat(os.Getenv(name), 64)
	Check(err)
	return value
}

// Size is the size of the work, the only argument of every program.
func Size() int {
	size, err := strconv.Atoi(os.Args[1])
	Check(err)
	return size
}

// Check ends the program on an error.
func Check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Meter counts operations.
type Meter struct {
	Ops                int64
	Over               bool
	NsPerOp            float64
	warmUntil, began   time.Time
	beganOps           int64
	warming, measuring bool
}

// Lap is called by one of the counting parties after each of its batches.
func (meter *Meter) Lap() {
	now := time.Now()
	if !meter.warming {
		meter.warming = true
		meter.warmUntil = now.Add(Seconds(Setting("BENCH_WARM")))
	}
	if now.Before(meter.warmUntil) || meter.Over {
		return
	}
	if !meter.measuring {
		meter.measuring, meter.began, meter.beganOps = true, now, meter.Ops
	} else if now.Sub(meter.began) >= Seconds(Setting("BENCH_SECONDS")) {
		meter.NsPerOp = float64(now.Sub(meter.began)) / float64(meter.Ops-meter.beganOps)
		meter.Over = true
	}
}

// Seconds as a duration.
func Seconds(seconds float64) time.Duration {
	return time.Duration(seconds * float64(time.Second))
}

// Print writes one line of result; bench/run reads it.
func Print(row string, value float64, unit string) {
	fmt.Printf("%s %.2f %s\n", row, value, unit)
}

// Memory is resident bytes and bytes of page tables, as memory.h reads them.
func Memory() (resident, pageTables float64) {
	return field("/proc/self/smaps_rollup", "Rss:"), field("/proc/self/status", "VmPTE:")
}

func field(path, name string) float64 {
	file, err := os.Open(path)
	Check(err)
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if words := strings.Fields(lines.Text()); words[0] == name {
			kib, err := strconv.ParseFloat(words[1], 64)
			Check(err)
			return kib * 1024
		}
	}
	return 0
}
