// The etcd benches of bench/store_etcd.c with etcd's own Go client, as a program that wants to be
// fast would use it: one client, as many goroutines as there are calls in flight.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

const valueBytes = 100

func die(what string, err error) {
	fmt.Fprintln(os.Stderr, "etcd:", what, err)
	os.Exit(1)
}

func cpu() int64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

func put(c *clientv3.Client, n int64, value string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := c.Put(ctx, fmt.Sprintf("/registry/assets/default/%08d", n%10000), value); err != nil {
		die("put", err)
	}
}

func putMany(c *clientv3.Client, ops int64, width int) {
	value := strings.Repeat("v", valueBytes)
	left := ops
	var wg sync.WaitGroup
	for i := 0; i < width; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := atomic.AddInt64(&left, -1); n >= 0; n = atomic.AddInt64(&left, -1) {
				put(c, n, value)
			}
		}()
	}
	wg.Wait()
}

func benchPut(c *clientv3.Client, ops int64, width int) {
	putMany(c, ops/20, 1)
	began, used := time.Now(), cpu()
	putMany(c, ops, width)
	fmt.Printf("RESULT case=put ops=%d cpu_ns=%d wall_ns=%d\n", ops, cpu()-used, time.Since(began).Nanoseconds())
}

func benchWatch(c *clientv3.Client, ops int64, width int) {
	start := time.Now()
	all := make([][]int64, width)
	var stand, wg sync.WaitGroup
	for i := 0; i < width; i++ {
		stand.Add(1)
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			w := c.Watch(context.Background(), "/registry/", clientv3.WithPrefix(), clientv3.WithCreatedNotify())
			seen := make([]int64, 0, ops)
			for r := range w {
				if r.Created {
					stand.Done()
				}
				now := time.Since(start).Nanoseconds()
				for _, e := range r.Events {
					seen = append(seen, now-int64(binary.LittleEndian.Uint64(e.Kv.Value)))
				}
				if int64(len(seen)) >= ops {
					break
				}
			}
			all[i] = seen
		}(i)
	}
	stand.Wait()
	used := cpu()
	value := make([]byte, valueBytes)
	for i := int64(0); i < ops; i++ {
		began := time.Now()
		binary.LittleEndian.PutUint64(value, uint64(time.Since(start).Nanoseconds()))
		put(c, i, string(value))
		time.Sleep(time.Until(began.Add(time.Millisecond)))
	}
	wg.Wait()
	used = cpu() - used
	var flat []int64
	for _, s := range all {
		flat = append(flat, s...)
	}
	sort.Slice(flat, func(a, b int) bool { return flat[a] < flat[b] })
	fmt.Printf("RESULT case=watch ops=%d cpu_ns=%d p50_ns=%d p99_ns=%d\n", len(flat), used, flat[len(flat)/2],
		flat[len(flat)*99/100])
}

func main() {
	if len(os.Args) != 5 || !strings.HasPrefix(os.Args[2], "etcd://127.0.0.1:") {
		fmt.Fprintln(os.Stderr, "usage: etcd put|watch etcd://127.0.0.1:PORT OPS WIDTH")
		os.Exit(2)
	}
	ops, _ := strconv.ParseInt(os.Args[3], 10, 64)
	width, _ := strconv.Atoi(os.Args[4])
	c, err := clientv3.New(clientv3.Config{
		Endpoints:   []string{strings.TrimPrefix(os.Args[2], "etcd://")},
		DialTimeout: 10 * time.Second,
		Logger:      zap.NewNop(),
	})
	if err != nil {
		die("open", err)
	}
	defer c.Close()
	if os.Args[1] == "put" {
		benchPut(c, ops, width)
	} else {
		benchWatch(c, ops, width)
	}
}
