// Package library opens what `go build -buildmode=plugin` made of a plugin of the guide.
//
// Go loads such a library only into a program of the same toolchain that has every package they share built from the same source:
// the host builds that program where the library is used, and Go's own words say what differs where it cannot be.
package library

import (
	"fmt"
	"path/filepath"
	"plugin"
	"reflect"
	"sort"
	"strings"
)

// Open gives what the library's constructor makes: its exported function New... that takes nothing.
func Open(path string) (interface{}, error) {
	opened, err := plugin.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be loaded: %w; build it anew with this machine's Go and the packages of this host, or put its source there instead", filepath.Base(path), err)
	}
	for _, name := range exports(opened) {
		symbol, err := opened.Lookup(name)
		if err != nil || !strings.HasPrefix(name, "New") {
			continue
		}
		function := reflect.ValueOf(symbol)
		if function.Kind() == reflect.Func && function.Type().NumIn() == 0 && function.Type().NumOut() == 1 {
			return function.Call(nil)[0].Interface(), nil
		}
	}
	return nil, fmt.Errorf("%s exports no constructor: write func NewMyPlugin() *MyPlugin", filepath.Base(path))
}

// exports are the names that a library offers, which Go's package looks up but does not list.
func exports(opened *plugin.Plugin) []string {
	names := []string{}
	if symbols := reflect.ValueOf(opened).Elem().FieldByName("syms"); symbols.IsValid() && symbols.Kind() == reflect.Map {
		for _, name := range symbols.MapKeys() {
			names = append(names, name.String())
		}
	}
	sort.Strings(names)
	return names
}
