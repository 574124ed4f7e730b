// Package assert stands in for the assertions of that name where there is no network to fetch them: those that tests of
// plugins use, with the same meaning. A test that fails one goes on.
package assert

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
)

// TestingT is what a test is to an assertion.
type TestingT interface {
	Errorf(format string, arguments ...interface{})
}

type helper interface{ Helper() }

func failed(t TestingT, what string, words []interface{}) bool {
	if one, ok := t.(helper); ok {
		one.Helper()
	}
	if len(words) > 0 {
		format, isText := words[0].(string)
		if isText && len(words) > 1 {
			what += ": " + fmt.Sprintf(format, words[1:]...)
		} else {
			what += ": " + fmt.Sprint(words...)
		}
	}
	t.Errorf("%s", what)
	return false
}

func held(t TestingT, holds bool, what string, words []interface{}) bool {
	return holds || failed(t, what, words)
}

// Fail fails.
func Fail(t TestingT, what string, words ...interface{}) bool { return failed(t, what, words) }

// NoError holds without an error.
func NoError(t TestingT, err error, words ...interface{}) bool {
	return held(t, err == nil, fmt.Sprintf("unexpected error: %v", err), words)
}

// Error holds with an error.
func Error(t TestingT, err error, words ...interface{}) bool {
	return held(t, err != nil, "expected an error, got nil", words)
}

// EqualError holds with an error of this text.
func EqualError(t TestingT, err error, text string, words ...interface{}) bool {
	return Error(t, err, words...) && held(t, err.Error() == text, fmt.Sprintf("expected the error %q, got %q", text, err), words)
}

// ErrorContains holds with an error whose text has this part.
func ErrorContains(t TestingT, err error, part string, words ...interface{}) bool {
	return Error(t, err, words...) &&
		held(t, strings.Contains(err.Error(), part), fmt.Sprintf("expected an error with %q, got %q", part, err), words)
}

// ErrorIs is errors.Is.
func ErrorIs(t TestingT, err, target error, words ...interface{}) bool {
	return held(t, errors.Is(err, target), fmt.Sprintf("expected the error %v, got %v", target, err), words)
}

// ErrorAs is errors.As.
func ErrorAs(t TestingT, err error, target interface{}, words ...interface{}) bool {
	return held(t, errors.As(err, target), fmt.Sprintf("expected an error of %T, got %v", target, err), words)
}

// ObjectsAreEqual compares bytes by content and everything else deeply.
func ObjectsAreEqual(expected, got interface{}) bool {
	one, isBytes := expected.([]byte)
	other, alsoBytes := got.([]byte)
	if isBytes && alsoBytes {
		return bytes.Equal(one, other)
	}
	return reflect.DeepEqual(expected, got)
}

// ObjectsAreEqualValues converts to the expected type first.
func ObjectsAreEqualValues(expected, got interface{}) bool {
	if ObjectsAreEqual(expected, got) {
		return true
	}
	if expected == nil || got == nil {
		return false
	}
	from, to := reflect.ValueOf(got), reflect.TypeOf(expected)
	return from.Type().ConvertibleTo(to) && reflect.DeepEqual(expected, from.Convert(to).Interface())
}

// Equal holds for equal values of one type.
func Equal(t TestingT, expected, got interface{}, words ...interface{}) bool {
	return held(t, ObjectsAreEqual(expected, got), fmt.Sprintf("expected %#v, got %#v", expected, got), words)
}

// NotEqual is the other way round.
func NotEqual(t TestingT, expected, got interface{}, words ...interface{}) bool {
	return held(t, !ObjectsAreEqual(expected, got), fmt.Sprintf("expected anything but %#v", got), words)
}

// EqualValues holds for equal values whose types can be converted.
func EqualValues(t TestingT, expected, got interface{}, words ...interface{}) bool {
	return held(t, ObjectsAreEqualValues(expected, got), fmt.Sprintf("expected %#v, got %#v", expected, got), words)
}

// True holds for true.
func True(t TestingT, value bool, words ...interface{}) bool {
	return held(t, value, "expected true", words)
}

// False holds for false.
func False(t TestingT, value bool, words ...interface{}) bool {
	return held(t, !value, "expected false", words)
}

func isNil(value interface{}) bool {
	if value == nil {
		return true
	}
	switch of := reflect.ValueOf(value); of.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice, reflect.UnsafePointer:
		return of.IsNil()
	}
	return false
}

// Nil holds for nil.
func Nil(t TestingT, value interface{}, words ...interface{}) bool {
	return held(t, isNil(value), fmt.Sprintf("expected nil, got %#v", value), words)
}

// NotNil holds for anything else.
func NotNil(t TestingT, value interface{}, words ...interface{}) bool {
	return held(t, !isNil(value), "expected anything but nil", words)
}

// contains is (found, can be looked into).
func contains(whole, part interface{}) (bool, bool) {
	if text, isText := whole.(string); isText {
		piece, alsoText := part.(string)
		return alsoText && strings.Contains(text, piece), alsoText
	}
	of := reflect.ValueOf(whole)
	if of.Kind() == reflect.Pointer && !of.IsNil() {
		of = of.Elem()
	}
	switch of.Kind() {
	case reflect.Map:
		for _, key := range of.MapKeys() {
			if ObjectsAreEqual(key.Interface(), part) {
				return true, true
			}
		}
		return false, true
	case reflect.Slice, reflect.Array:
		for index := 0; index < of.Len(); index++ {
			if ObjectsAreEqual(of.Index(index).Interface(), part) {
				return true, true
			}
		}
		return false, true
	}
	return false, false
}

// Contains holds for a part of a text, an element of a list, a key of a map.
func Contains(t TestingT, whole, part interface{}, words ...interface{}) bool {
	found, able := contains(whole, part)
	return held(t, found && able, fmt.Sprintf("%#v does not contain %#v", whole, part), words)
}

// NotContains is the other way round.
func NotContains(t TestingT, whole, part interface{}, words ...interface{}) bool {
	found, able := contains(whole, part)
	return held(t, !found && able, fmt.Sprintf("%#v should not contain %#v", whole, part), words)
}

func length(value interface{}) int {
	of := reflect.ValueOf(value)
	switch of.Kind() {
	case reflect.Array, reflect.Chan, reflect.Map, reflect.Slice, reflect.String:
		return of.Len()
	}
	return -1
}

// Len holds for something of this length.
func Len(t TestingT, value interface{}, expected int, words ...interface{}) bool {
	return held(t, length(value) == expected, fmt.Sprintf("expected %d items, got %d: %#v", expected, length(value), value), words)
}

func isEmpty(value interface{}) bool {
	return isNil(value) || length(value) == 0 || (length(value) < 0 && reflect.ValueOf(value).IsZero())
}

// Empty holds for nil, zero, and what has no items.
func Empty(t TestingT, value interface{}, words ...interface{}) bool {
	return held(t, isEmpty(value), fmt.Sprintf("expected nothing, got %#v", value), words)
}

// NotEmpty is the other way round.
func NotEmpty(t TestingT, value interface{}, words ...interface{}) bool {
	return held(t, !isEmpty(value), fmt.Sprintf("expected something, got %#v", value), words)
}

// Zero holds for the zero value of a type.
func Zero(t TestingT, value interface{}, words ...interface{}) bool {
	return held(t, value == nil || reflect.ValueOf(value).IsZero(), fmt.Sprintf("expected zero, got %#v", value), words)
}

// IsType holds for two values of one type.
func IsType(t TestingT, expected, got interface{}, words ...interface{}) bool {
	return held(t, reflect.TypeOf(expected) == reflect.TypeOf(got), fmt.Sprintf("expected a %T, got a %T", expected, got), words)
}

func number(value interface{}) (float64, bool) {
	of := reflect.ValueOf(value)
	switch {
	case !of.IsValid():
		return 0, false
	case of.CanInt():
		return float64(of.Int()), true
	case of.CanUint():
		return float64(of.Uint()), true
	case of.CanFloat():
		return of.Float(), true
	}
	return 0, false
}

func compared(t TestingT, one, other interface{}, holds func(a, b float64) bool, what string, words []interface{}) bool {
	a, right := number(one)
	b, alsoRight := number(other)
	return held(t, right && alsoRight && holds(a, b), fmt.Sprintf("expected %#v %s %#v", one, what, other), words)
}

// Greater holds when the first number is the greater one.
func Greater(t TestingT, one, other interface{}, words ...interface{}) bool {
	return compared(t, one, other, func(a, b float64) bool { return a > b }, ">", words)
}

// GreaterOrEqual is >=.
func GreaterOrEqual(t TestingT, one, other interface{}, words ...interface{}) bool {
	return compared(t, one, other, func(a, b float64) bool { return a >= b }, ">=", words)
}

// Less is <.
func Less(t TestingT, one, other interface{}, words ...interface{}) bool {
	return compared(t, one, other, func(a, b float64) bool { return a < b }, "<", words)
}

// LessOrEqual is <=.
func LessOrEqual(t TestingT, one, other interface{}, words ...interface{}) bool {
	return compared(t, one, other, func(a, b float64) bool { return a <= b }, "<=", words)
}

// InDelta holds for numbers that are no further apart.
func InDelta(t TestingT, expected, got interface{}, delta float64, words ...interface{}) bool {
	return compared(t, expected, got, func(a, b float64) bool { return math.Abs(a-b) <= delta }, fmt.Sprintf("within %v of", delta), words)
}

// ElementsMatch holds for lists of the same elements in any order.
func ElementsMatch(t TestingT, expected, got interface{}, words ...interface{}) bool {
	left, right := reflect.ValueOf(expected), reflect.ValueOf(got)
	what := fmt.Sprintf("expected the elements of %#v, got %#v", expected, got)
	if left.Kind() != reflect.Slice || right.Kind() != reflect.Slice || left.Len() != right.Len() {
		return failed(t, what, words)
	}
	used := make([]bool, right.Len())
	for index := 0; index < left.Len(); index++ {
		found := false
		for other := 0; other < right.Len() && !found; other++ {
			if !used[other] && ObjectsAreEqual(left.Index(index).Interface(), right.Index(other).Interface()) {
				used[other], found = true, true
			}
		}
		if !found {
			return failed(t, what, words)
		}
	}
	return true
}

func panics(work func()) (problem interface{}) {
	defer func() { problem = recover() }()
	work()
	return nil
}

// Panics holds when the function panics.
func Panics(t TestingT, work func(), words ...interface{}) bool {
	return held(t, panics(work) != nil, "expected a panic", words)
}

// NotPanics is the other way round.
func NotPanics(t TestingT, work func(), words ...interface{}) bool {
	problem := panics(work)
	return held(t, problem == nil, fmt.Sprintf("unexpected panic: %v", problem), words)
}
