// Package utils is what the plugin guide of Mimir AIP imports for its log. In a worker the records go to the host's log, with
// their fields; elsewhere, such as in tests, to standard error.
package utils

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// LogLevel says how much is logged.
type LogLevel int

// The levels.
const (
	DEBUG LogLevel = iota
	INFO
	WARN
	ERROR
	FATAL
)

var levelNames = map[LogLevel]string{DEBUG: "debug", INFO: "info", WARN: "warning", ERROR: "error", FATAL: "error"}

func (l LogLevel) String() string { return levelNames[l] }

// Field is one field of a record.
type Field struct {
	Key   string
	Value interface{}
}

// String is a field that holds a text.
func String(key, value string) Field { return Field{key, value} }

// Int is a field that holds a whole number; it stays one.
func Int(key string, value int) Field { return Field{key, value} }

// Float is a field that holds a number.
func Float(key string, value float64) Field { return Field{key, value} }

// Bool is a field that holds true or false.
func Bool(key string, value bool) Field { return Field{key, value} }

// Duration is a field that holds a duration as a text.
func Duration(key string, value time.Duration) Field { return Field{key, value.String()} }

// Error is the field "error".
func Error(err error) Field {
	if err == nil {
		return Field{"error", nil}
	}
	return Field{"error", err.Error()}
}

// Component is the field "component".
func Component(name string) Field { return Field{"component", name} }

// RequestID is the field "request_id".
func RequestID(id string) Field { return Field{"request_id", id} }

// Sink takes the records of all loggers.
type Sink func(level LogLevel, message string, fields []Field)

// Logger writes records of its level and above.
type Logger struct {
	lock  sync.Mutex
	level LogLevel
	sink  Sink
}

var logger = &Logger{level: DEBUG, sink: toStandardError}

// GetLogger is the one logger of a plugin.
func GetLogger() *Logger { return logger }

// SetLevel leaves out what is below the level. Without it the host's own level decides.
func (l *Logger) SetLevel(level LogLevel) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.level = level
}

// SetSink gives the records to somebody else; nil gives them to standard error again.
func (l *Logger) SetSink(sink Sink) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if sink == nil {
		sink = toStandardError
	}
	l.sink = sink
}

// Debug writes a record for who looks for a fault.
func (l *Logger) Debug(message string, fields ...Field) { l.write(DEBUG, message, fields) }

// Info writes a record.
func (l *Logger) Info(message string, fields ...Field) { l.write(INFO, message, fields) }

// Warn writes a record about what somebody should look at.
func (l *Logger) Warn(message string, fields ...Field) { l.write(WARN, message, fields) }

// Error writes a record about what went wrong, with the error as a field.
func (l *Logger) Error(message string, err error, fields ...Field) {
	l.write(ERROR, message, withError(err, fields))
}

// Fatal writes a record and ends the process.
func (l *Logger) Fatal(message string, err error, fields ...Field) {
	l.write(FATAL, message, withError(err, fields))
	os.Exit(1)
}

func withError(err error, fields []Field) []Field {
	if err == nil {
		return fields
	}
	return append([]Field{Error(err)}, fields...)
}

func (l *Logger) write(level LogLevel, message string, fields []Field) {
	l.lock.Lock()
	sink, wanted := l.sink, level >= l.level
	l.lock.Unlock()
	if wanted {
		sink(level, message, fields)
	}
}

func toStandardError(level LogLevel, message string, fields []Field) {
	line := strings.Builder{}
	fmt.Fprintf(&line, "%s %s", strings.ToUpper(level.String()), message)
	for _, field := range fields {
		fmt.Fprintf(&line, " %s=%v", field.Key, field.Value)
	}
	fmt.Fprintln(os.Stderr, line.String())
}
