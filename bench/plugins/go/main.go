// Answers a call with its input.
package main

import "mortise"

type echo struct{}

func (echo) Call(call *mortise.Call, method string, input any) (any, error) { return input, nil }

func main() { mortise.Serve(echo{}) }
