// Package require is package assert, but a test that fails one ends.
package require

import "github.com/stretchr/testify/assert"

// TestingT is what a test is to an assertion.
type TestingT interface {
	Errorf(format string, arguments ...interface{})
	FailNow()
}

// Fail is assert.Fail.
func Fail(t TestingT, what string, words ...interface{}) {
	if !assert.Fail(t, what, words...) {
		t.FailNow()
	}
}

// NoError is assert.NoError.
func NoError(t TestingT, err error, words ...interface{}) {
	if !assert.NoError(t, err, words...) {
		t.FailNow()
	}
}

// Error is assert.Error.
func Error(t TestingT, err error, words ...interface{}) {
	if !assert.Error(t, err, words...) {
		t.FailNow()
	}
}

// EqualError is assert.EqualError.
func EqualError(t TestingT, err error, text string, words ...interface{}) {
	if !assert.EqualError(t, err, text, words...) {
		t.FailNow()
	}
}

// ErrorContains is assert.ErrorContains.
func ErrorContains(t TestingT, err error, part string, words ...interface{}) {
	if !assert.ErrorContains(t, err, part, words...) {
		t.FailNow()
	}
}

// ErrorIs is assert.ErrorIs.
func ErrorIs(t TestingT, err, target error, words ...interface{}) {
	if !assert.ErrorIs(t, err, target, words...) {
		t.FailNow()
	}
}

// ErrorAs is assert.ErrorAs.
func ErrorAs(t TestingT, err error, target interface{}, words ...interface{}) {
	if !assert.ErrorAs(t, err, target, words...) {
		t.FailNow()
	}
}

// Equal is assert.Equal.
func Equal(t TestingT, expected, got interface{}, words ...interface{}) {
	if !assert.Equal(t, expected, got, words...) {
		t.FailNow()
	}
}

// NotEqual is assert.NotEqual.
func NotEqual(t TestingT, expected, got interface{}, words ...interface{}) {
	if !assert.NotEqual(t, expected, got, words...) {
		t.FailNow()
	}
}

// EqualValues is assert.EqualValues.
func EqualValues(t TestingT, expected, got interface{}, words ...interface{}) {
	if !assert.EqualValues(t, expected, got, words...) {
		t.FailNow()
	}
}

// True is assert.True.
func True(t TestingT, value bool, words ...interface{}) {
	if !assert.True(t, value, words...) {
		t.FailNow()
	}
}

// False is assert.False.
func False(t TestingT, value bool, words ...interface{}) {
	if !assert.False(t, value, words...) {
		t.FailNow()
	}
}

// Nil is assert.Nil.
func Nil(t TestingT, value interface{}, words ...interface{}) {
	if !assert.Nil(t, value, words...) {
		t.FailNow()
	}
}

// NotNil is assert.NotNil.
func NotNil(t TestingT, value interface{}, words ...interface{}) {
	if !assert.NotNil(t, value, words...) {
		t.FailNow()
	}
}

// Contains is assert.Contains.
func Contains(t TestingT, whole, part interface{}, words ...interface{}) {
	if !assert.Contains(t, whole, part, words...) {
		t.FailNow()
	}
}

// NotContains is assert.NotContains.
func NotContains(t TestingT, whole, part interface{}, words ...interface{}) {
	if !assert.NotContains(t, whole, part, words...) {
		t.FailNow()
	}
}

// Len is assert.Len.
func Len(t TestingT, value interface{}, expected int, words ...interface{}) {
	if !assert.Len(t, value, expected, words...) {
		t.FailNow()
	}
}

// Empty is assert.Empty.
func Empty(t TestingT, value interface{}, words ...interface{}) {
	if !assert.Empty(t, value, words...) {
		t.FailNow()
	}
}

// NotEmpty is assert.NotEmpty.
func NotEmpty(t TestingT, value interface{}, words ...interface{}) {
	if !assert.NotEmpty(t, value, words...) {
		t.FailNow()
	}
}

// Zero is assert.Zero.
func Zero(t TestingT, value interface{}, words ...interface{}) {
	if !assert.Zero(t, value, words...) {
		t.FailNow()
	}
}

// IsType is assert.IsType.
func IsType(t TestingT, expected, got interface{}, words ...interface{}) {
	if !assert.IsType(t, expected, got, words...) {
		t.FailNow()
	}
}

// Greater is assert.Greater.
func Greater(t TestingT, one, other interface{}, words ...interface{}) {
	if !assert.Greater(t, one, other, words...) {
		t.FailNow()
	}
}

// GreaterOrEqual is assert.GreaterOrEqual.
func GreaterOrEqual(t TestingT, one, other interface{}, words ...interface{}) {
	if !assert.GreaterOrEqual(t, one, other, words...) {
		t.FailNow()
	}
}

// Less is assert.Less.
func Less(t TestingT, one, other interface{}, words ...interface{}) {
	if !assert.Less(t, one, other, words...) {
		t.FailNow()
	}
}

// LessOrEqual is assert.LessOrEqual.
func LessOrEqual(t TestingT, one, other interface{}, words ...interface{}) {
	if !assert.LessOrEqual(t, one, other, words...) {
		t.FailNow()
	}
}

// InDelta is assert.InDelta.
func InDelta(t TestingT, expected, got interface{}, delta float64, words ...interface{}) {
	if !assert.InDelta(t, expected, got, delta, words...) {
		t.FailNow()
	}
}

// ElementsMatch is assert.ElementsMatch.
func ElementsMatch(t TestingT, expected, got interface{}, words ...interface{}) {
	if !assert.ElementsMatch(t, expected, got, words...) {
		t.FailNow()
	}
}

// Panics is assert.Panics.
func Panics(t TestingT, work func(), words ...interface{}) {
	if !assert.Panics(t, work, words...) {
		t.FailNow()
	}
}

// NotPanics is assert.NotPanics.
func NotPanics(t TestingT, work func(), words ...interface{}) {
	if !assert.NotPanics(t, work, words...) {
		t.FailNow()
	}
}
