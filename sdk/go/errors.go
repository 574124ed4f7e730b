package mortise

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Code says what a caller should do about an error.
type Code string

// The codes of docs/worker-protocol.md.
const (
	CodeInvalid     Code = "invalid"     // somebody sent something wrong; sending it again will not help
	CodeNotFound    Code = "not_found"   // there is no such thing
	CodeConflict    Code = "conflict"    // it clashes with the present state
	CodeDenied      Code = "denied"      // not allowed; a grant is needed
	CodeUnsupported Code = "unsupported" // this plugin or host does not do that
	CodeBusy        Code = "busy"        // later, the same call may succeed
	CodeTimeout     Code = "timeout"     // it took longer than its deadline
	CodeCancelled   Code = "cancelled"   // somebody asked for it to stop
	CodePlugin      Code = "plugin"      // a plugin's own failure: what every other error is reported as
	CodeInternal    Code = "internal"    // a defect of the host
)

const (
	maxCauses    = 32
	maxDetails   = 64
	maxErrorText = 64 << 10
)

// Error is an error with a code. Every other error that leaves a plugin is reported with the code "plugin".
type Error struct {
	Code    Code
	Message string
	Hint    string            // what to do about it
	Details map[string]string // machine-readable parts: file, line, key, expected, got
	Cause   error             // told with the error, outermost first
}

// Errorf makes an error with a code.
func Errorf(code Code, format string, arguments ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, arguments...)}
}

// Invalid is Errorf(CodeInvalid, ...), the most common one.
func Invalid(format string, arguments ...any) *Error {
	return Errorf(CodeInvalid, format, arguments...)
}

// WithHint says what to do about it.
func (e *Error) WithHint(hint string) *Error {
	e.Hint = hint
	return e
}

// With adds a detail.
func (e *Error) With(key, text string) *Error {
	if e.Details == nil {
		e.Details = map[string]string{}
	}
	e.Details[key] = text
	return e
}

// Because names what it came from.
func (e *Error) Because(cause error) *Error {
	e.Cause = cause
	return e
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Cause }

// CodeOf finds the code of an error, or of one that it wraps; "plugin" when there is none.
func CodeOf(err error) Code {
	var told *Error
	if errors.As(err, &told) {
		return told.Code
	}
	return CodePlugin
}

// explain makes the error to report of whatever a plugin returned. A text stays as the plugin wrote it.
func explain(err error) *Error {
	if told, ok := err.(*Error); ok && told != nil {
		return told
	}
	told := &Error{Code: CodePlugin, Message: err.Error(), Cause: unspoken(err)}
	var inner *Error
	if errors.As(err, &inner) && inner != nil {
		told.Code, told.Hint, told.Details = inner.Code, inner.Hint, inner.Details
		if told.Cause == error(inner) {
			told.Cause = inner.Cause
		}
	}
	switch {
	case inner != nil:
	case errors.Is(err, context.Canceled):
		told.Code = CodeCancelled
	case errors.Is(err, context.DeadlineExceeded):
		told.Code = CodeTimeout
	}
	return told
}

// unspoken is the first wrapped error that the text of its wrapper does not tell already, as fmt.Errorf("...: %w") does.
func unspoken(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		if !strings.Contains(err.Error(), inner.Error()) {
			return inner
		}
	}
	return nil
}

// errorToMap is the `error` object of the protocol.
func errorToMap(err error) *Map {
	result := NewMap()
	target := result
	for depth := 0; err != nil && depth < maxCauses; depth++ { // the error itself is one of them
		if depth > 0 {
			inner := NewMap()
			target.Set("cause", inner)
			target = inner
		}
		told, ours := err.(*Error)
		target.Set("message", cleanText(err.Error()))
		if !ours {
			err = unspoken(err)
			continue
		}
		describeError(told, target, depth)
		err = told.Cause
	}
	return result
}

func describeError(told *Error, target *Map, depth int) {
	if depth > 0 && told.Code != CodePlugin {
		target.Set("code", string(told.Code))
	}
	if told.Hint != "" {
		target.Set("hint", cleanText(told.Hint))
	}
	if len(told.Details) == 0 {
		return
	}
	details := NewMap()
	for _, key := range sortedKeys(told.Details) {
		if details.Len() < maxDetails {
			details.Set(cleanText(key), cleanText(told.Details[key]))
		}
	}
	target.Set("details", details)
}

// errorFromWire is the error for an `error` object of the protocol.
func errorFromWire(code string, node any) *Error {
	top := &Error{Code: Code(code), Message: "no reason given"}
	target := top
	for depth := 0; depth <= maxCauses; depth++ {
		object, ok := node.(*objectNode)
		if !ok {
			break
		}
		if depth > 0 {
			cause := &Error{Code: CodePlugin}
			target.Cause = cause
			target = cause
			if given, ok := object.text("code"); ok {
				cause.Code = Code(given)
			}
		}
		target.Message, _ = object.text("message")
		target.Hint, _ = object.text("hint")
		if details, ok := object.find("details").(*objectNode); ok {
			for index, key := range details.keys {
				if text, ok := details.values[index].(string); ok {
					target.With(key, text)
				}
			}
		}
		node = object.find("cause")
	}
	return top
}

// cleanText is valid UTF-8 and not absurdly long: for texts about whatever went wrong.
func cleanText(text string) string {
	if len(text) > maxErrorText {
		text = text[:maxErrorText-3]
		for len(text) > 0 && !utf8.ValidString(text[len(text)-min(4, len(text)):]) {
			if r, size := utf8.DecodeLastRuneInString(text); r != utf8.RuneError || size > 1 {
				break
			}
			text = text[:len(text)-1]
		}
		text += "..."
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
