// Package mortise lets plugins for Mortise be written in Go.
//
//	package main
//
//	import (
//		"strings"
//
//		"mortise"
//	)
//
//	type Shout struct{}
//
//	func (Shout) Step(step *mortise.Step) (any, error) {
//		text, err := step.Input()
//		if err != nil {
//			return nil, err
//		}
//		return strings.ToUpper(text.(string)), nil
//	}
//
//	func main() { mortise.Serve(Shout{}) }
//
// The program is built by the host when the plugin is first used, and runs as a process of its own. README.md beside
// this file says what a plugin may have, and how values look in Go; docs/worker-protocol.md is what this package speaks.
package mortise

// Version of this package.
const Version = "0.1.0"
