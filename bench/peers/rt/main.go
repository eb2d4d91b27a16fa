// Goroutines and channels doing what bench/rt.c does with tasks and channels: one case a run.
// The caller sets GOMAXPROCS: 1 where ours is one loop.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	switches     = 20_000_000
	manyTasks    = 2000
	roundTrips   = 4_000_000
	spawns       = 4_000_000
	spawnBatch   = 100
	blockedTasks = 1_000_000
	selects      = 4_000_000
	loopTrips    = 50_000
)

func cpuNs() int64 {
	var ru syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		panic(err)
	}
	return ru.Utime.Nano() + ru.Stime.Nano()
}

func rssBytes() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	var all, pages int64
	fmt.Sscan(string(text), &all, &pages)
	return pages * int64(os.Getpagesize())
}

type clock struct {
	cpu  int64
	wall time.Time
}

func now() clock { return clock{cpuNs(), time.Now()} }

func result(name string, ops int, start clock) {
	wall := time.Since(start.wall).Nanoseconds()
	fmt.Printf("RESULT case=%s ops=%d cpu_ns=%d wall_ns=%d\n", name, ops, cpuNs()-start.cpu, wall)
}

func yieldAmong(name string, tasks int) {
	var wg sync.WaitGroup
	each := switches / tasks
	wg.Add(tasks)
	start := now()
	for range tasks {
		go func() {
			for range each {
				runtime.Gosched()
			}
			wg.Done()
		}()
	}
	wg.Wait()
	result(name, each*tasks, start)
}

func pingPong(name string, trips int, thread func()) {
	there, back := make(chan int), make(chan int)
	go func() {
		thread()
		for v := range there {
			back <- v + 1
		}
	}()
	thread()
	start := now()
	for i := range trips {
		there <- i
		if <-back != i+1 {
			panic("a wrong answer")
		}
	}
	result(name, trips, start)
	close(there)
}

func selectOf8(name string) {
	var arms [8]chan int
	for i := range arms {
		arms[i] = make(chan int)
	}
	go func() {
		for i := 0; ; i++ {
			arms[i%len(arms)] <- i
		}
	}()
	start := now()
	for i := range selects {
		var arm, v int
		select {
		case v = <-arms[0]:
			arm = 0
		case v = <-arms[1]:
			arm = 1
		case v = <-arms[2]:
			arm = 2
		case v = <-arms[3]:
			arm = 3
		case v = <-arms[4]:
			arm = 4
		case v = <-arms[5]:
			arm = 5
		case v = <-arms[6]:
			arm = 6
		case v = <-arms[7]:
			arm = 7
		}
		if arm != i%len(arms) || v != i {
			panic("a wrong arm")
		}
	}
	result(name, selects, start)
}

func spawn(name string) {
	var wg sync.WaitGroup
	ran := 0
	start := now()
	for range spawns / spawnBatch {
		wg.Add(spawnBatch)
		for range spawnBatch {
			go func() {
				ran++ // GOMAXPROCS=1, and no preemption inside
				wg.Done()
			}()
		}
		wg.Wait()
	}
	if ran != spawns {
		panic("not every goroutine ran")
	}
	result(name, ran, start)
}

func blocked(name string) {
	never := make(chan int)
	var begun, ended sync.WaitGroup
	rss := rssBytes()
	start := now()
	begun.Add(blockedTasks)
	ended.Add(blockedTasks)
	for range blockedTasks {
		go func() {
			begun.Done()
			<-never
			ended.Done()
		}()
	}
	begun.Wait()
	runtime.Gosched()
	rss = rssBytes() - rss
	result(name, blockedTasks, start)
	fmt.Printf("RESULT case=rss ops=%d rss_bytes=%d\n", blockedTasks, rss)
	close(never)
	ended.Wait()
}

func main() {
	name := strings.Join(os.Args[1:], " ")
	switch name {
	case "switch":
		yieldAmong(name, 2)
	case "switch_many":
		yieldAmong(name, manyTasks)
	case "chan":
		pingPong(name, roundTrips, func() {})
	case "select":
		selectOf8(name)
	case "spawn":
		spawn(name)
	case "blocked":
		blocked(name)
	case "xloop": // two goroutines that the scheduler may run where it likes
		pingPong(name, loopTrips, func() {})
	case "xloop_threads": // each kept on a thread of its own, as our loops are
		pingPong(name, loopTrips, runtime.LockOSThread)
	default:
		fmt.Fprintln(os.Stderr, "usage: rt switch|switch_many|chan|select|spawn|blocked|xloop|xloop_threads")
		os.Exit(2)
	}
}
