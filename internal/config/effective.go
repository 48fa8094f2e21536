package config

import "github.com/goccy/go-yaml"

// Effective returns the configuration as YAML for reading, with defaults, environment and
// flags. Of secrets it has the names of their files and variables alone.
func (c *Config) Effective() ([]byte, error) { return yaml.Marshal(c) }
