package pipelines

import (
	"fmt"
	"sort"
	"sync"
)

// PluginRegistry knows plugins by type and name.
type PluginRegistry struct {
	lock    sync.RWMutex
	plugins map[string]map[string]BasePlugin
}

// NewPluginRegistry makes an empty one.
func NewPluginRegistry() *PluginRegistry {
	return &PluginRegistry{plugins: map[string]map[string]BasePlugin{}}
}

// Default is the registry that ExecutePipeline looks into.
var Default = NewPluginRegistry()

// RegisterPlugin adds a plugin of either form to the default registry.
func RegisterPlugin(plugin interface{}) error { return Default.RegisterPlugin(plugin) }

// RegisterPlugin adds a plugin of either form.
func (r *PluginRegistry) RegisterPlugin(plugin interface{}) error {
	able, err := Adapt(plugin)
	if err != nil {
		return err
	}
	kind, name := able.GetPluginType(), able.GetPluginName()
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.plugins[kind] == nil {
		r.plugins[kind] = map[string]BasePlugin{}
	}
	if _, there := r.plugins[kind][name]; there {
		return fmt.Errorf("plugin %s of type %s already registered", name, kind)
	}
	r.plugins[kind][name] = able
	return nil
}

// GetPlugin finds a plugin.
func (r *PluginRegistry) GetPlugin(pluginType, name string) (BasePlugin, error) {
	r.lock.RLock()
	defer r.lock.RUnlock()
	found, there := r.plugins[pluginType][name]
	if !there {
		return nil, fmt.Errorf("plugin %s of type %s not found", name, pluginType)
	}
	return found, nil
}

// GetPluginsByType are the plugins of a type by their names.
func (r *PluginRegistry) GetPluginsByType(pluginType string) map[string]BasePlugin {
	r.lock.RLock()
	defer r.lock.RUnlock()
	found := map[string]BasePlugin{}
	for name, plugin := range r.plugins[pluginType] {
		found[name] = plugin
	}
	return found
}

// ListPluginTypes are the types of which there are plugins, sorted.
func (r *PluginRegistry) ListPluginTypes() []string {
	r.lock.RLock()
	defer r.lock.RUnlock()
	types := []string{}
	for kind := range r.plugins {
		types = append(types, kind)
	}
	sort.Strings(types)
	return types
}
