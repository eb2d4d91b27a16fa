// asynq does what bench/task.c does, on a Redis on loopback:
//
//	asynq latency ADDR RATE SECONDS   from before each task is enqueued to when its handler begins
//	asynq flow ADDR TASKS             as many a second as go through
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
	"time"

	"github.com/hibiken/asynq"
)

const width = 128

var (
	begun int64
	mu    sync.Mutex
	late  []time.Duration
)

func handle(_ context.Context, t *asynq.Task) error {
	sent := time.Unix(0, int64(binary.LittleEndian.Uint64(t.Payload())))
	d := time.Since(sent)
	mu.Lock()
	late = append(late, d)
	mu.Unlock()
	atomic.AddInt64(&begun, 1)
	return nil
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "asynq:", err)
		os.Exit(1)
	}
}

func enqueue(c *asynq.Client) {
	payload := binary.LittleEndian.AppendUint64(nil, uint64(time.Now().UnixNano()))
	_, err := c.Enqueue(asynq.NewTask("noop", payload))
	must(err)
}

func waitBegun(n int64) {
	for atomic.LoadInt64(&begun) < n {
		time.Sleep(time.Millisecond)
	}
}

func main() {
	if len(os.Args) < 4 || !strings.HasPrefix(os.Args[2], "127.0.0.1:") {
		fmt.Fprintln(os.Stderr, "usage: asynq latency|flow 127.0.0.1:PORT NUMBER [SECONDS]")
		os.Exit(2)
	}
	redis := asynq.RedisClientOpt{Addr: os.Args[2], PoolSize: width}
	number, err := strconv.Atoi(os.Args[3])
	must(err)
	server := asynq.NewServer(redis, asynq.Config{Concurrency: 32, LogLevel: asynq.ErrorLevel})
	must(server.Start(asynq.HandlerFunc(handle)))
	client := asynq.NewClient(redis)
	start := time.Now()
	total := number
	if os.Args[1] == "latency" {
		seconds, err := strconv.Atoi(os.Args[4])
		must(err)
		total = number * seconds
		for i := 0; i < total; i++ {
			time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(number))))
			go enqueue(client)
		}
	} else {
		var group sync.WaitGroup
		var next int64
		for i := 0; i < width; i++ {
			group.Add(1)
			go func() {
				defer group.Done()
				for atomic.AddInt64(&next, 1) <= int64(total) {
					enqueue(client)
				}
			}()
		}
		group.Wait()
	}
	waitBegun(int64(total))
	wall := time.Since(start)
	sort.Slice(late, func(i, j int) bool { return late[i] < late[j] })
	var sum time.Duration
	for _, d := range late {
		sum += d
	}
	fmt.Printf("RESULT case=%s ops=%d wall_ns=%d mean_ns=%d p50_ns=%d p99_ns=%d\n", os.Args[1], total, wall.Nanoseconds(),
		int64(sum)/int64(len(late)), late[len(late)/2], late[len(late)*99/100])
	os.Exit(0)
}
