// The ten fields of bench/log.c through zap, zerolog and logrus, as their own documentation says
// to use them when it must be fast. One logger and one mode a run:
//
//	log LOGGER batch|line|off FILE
//
// batch is a buffer of the size that our sink has; line is one write a line; off is a level that
// is not enabled.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	lines    = 300_000
	linesOff = 50_000_000
	batch    = 128 * 1024
	traceID  = "30313233343536373839616263646500"
	spanID   = "3031323334353600"
)

var errRefused = errors.New("Connection refused")

func cpuNs() int64 {
	var ru syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		panic(err)
	}
	return ru.Utime.Nano() + ru.Stime.Nano()
}

func zapLogger(w io.Writer, off bool) func(i int64) {
	cfg := zap.NewProductionEncoderConfig()
	cfg.TimeKey = "ts"
	cfg.EncodeTime = zapcore.TimeEncoderOfLayout("2006-01-02T15:04:05.000Z07:00")
	cfg.EncodeDuration = zapcore.MillisDurationEncoder
	level := zap.InfoLevel
	if off {
		level = zap.WarnLevel
	}
	core := zapcore.NewCore(zapcore.NewJSONEncoder(cfg), zapcore.AddSync(w), level)
	l := zap.New(core).Named("observe")
	return func(i int64) {
		// Check keeps the fields from being built when the level is off.
		if ce := l.Check(zap.InfoLevel, "probe finished"); ce != nil {
			ce.Write(zap.String("event", "probe_finished"), zap.String("target", "10.1.2.3:5432"),
				zap.Int64("attempt", i&3), zap.Uint64("bytes", uint64(i)*1000),
				zap.Float64("loss_ratio", float64(i&63)*0.125), zap.Bool("ok", i&1 != 0),
				zap.Duration("total_ms", time.Duration(1500000+i)), zap.Error(errRefused),
				zap.String("trace_id", traceID), zap.String("span_id", spanID))
		}
	}
}

func zerologLogger(w io.Writer, off bool) func(i int64) {
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	zerolog.DurationFieldUnit = time.Millisecond
	level := zerolog.InfoLevel
	if off {
		level = zerolog.WarnLevel
	}
	l := zerolog.New(w).Level(level).With().Timestamp().Str("logger", "observe").Logger()
	return func(i int64) {
		if e := l.Info(); e.Enabled() {
			e.Str("event", "probe_finished").Str("target", "10.1.2.3:5432").
				Int64("attempt", i&3).Uint64("bytes", uint64(i)*1000).
				Float64("loss_ratio", float64(i&63)*0.125).Bool("ok", i&1 != 0).
				Dur("total_ms", time.Duration(1500000+i)).Err(errRefused).
				Str("trace_id", traceID).Str("span_id", spanID).Msg("probe finished")
		}
	}
}

func logrusLogger(w io.Writer, off bool) func(i int64) {
	l := logrus.New()
	l.SetOutput(w)
	l.SetFormatter(&logrus.JSONFormatter{TimestampFormat: "2006-01-02T15:04:05.000Z07:00"})
	if off {
		l.SetLevel(logrus.WarnLevel)
	}
	return func(i int64) {
		if !l.IsLevelEnabled(logrus.InfoLevel) {
			return
		}
		l.WithFields(logrus.Fields{
			"logger": "observe", "event": "probe_finished", "target": "10.1.2.3:5432",
			"attempt": i & 3, "bytes": uint64(i) * 1000, "loss_ratio": float64(i&63) * 0.125,
			"ok": i&1 != 0, "total_ms": float64(1500000+i) / 1e6, "error": errRefused,
			"trace_id": traceID, "span_id": spanID,
		}).Info("probe finished")
	}
}

func main() {
	loggers := map[string]func(io.Writer, bool) func(int64){
		"zap": zapLogger, "zerolog": zerologLogger, "logrus": logrusLogger,
	}
	if len(os.Args) != 4 || loggers[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: log zap|zerolog|logrus batch|line|off FILE")
		os.Exit(2)
	}
	file, err := os.OpenFile(os.Args[3], os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	mode, n := os.Args[2], int64(lines)
	if mode == "off" {
		n = linesOff
	}
	var w io.Writer = file
	buffer := bufio.NewWriterSize(file, batch)
	if mode == "batch" {
		w = buffer
	}
	log := loggers[os.Args[1]](w, mode == "off")
	log(7)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, wall := cpuNs(), time.Now()
	for i := range n {
		log(7 + i)
	}
	buffer.Flush()
	cpu = cpuNs() - cpu
	took := time.Since(wall)
	runtime.ReadMemStats(&after)
	fmt.Printf("RESULT case=%s ops=%d cpu_ns=%d wall_ns=%d mallocs=%d\n", mode, n, cpu,
		took.Nanoseconds(), after.Mallocs-before.Mallocs)
}
