package config

import "slices"

// RestartKeys returns the keys whose values differ in other, and which take effect at a
// restart only.
func (c *Config) RestartKeys(other *Config) (keys []string) {
	node := other.Node
	node.MaxMessage = c.Node.MaxMessage // reported as limits.answer
	for _, key := range []struct {
		name string
		same bool
	}{
		{"listen", c.Listen == other.Listen},
		{"admin", c.Admin == other.Admin},
		{"proxy_protocol", slices.Equal(c.ProxyProtocol, other.ProxyProtocol)},
		{"tls", c.TLS.Enabled() == other.TLS.Enabled()},
		{"http3", c.HTTP3 == other.HTTP3},
		{"node", c.Node == node},
		{"log.format", c.Log.Format == other.Log.Format},
		{"traces", c.Traces == other.Traces},
		{"redis", c.Redis == other.Redis},
		{"limits.header", c.Limits.Header == other.Limits.Header},
		{"limits.connections", c.Limits.Connections == other.Limits.Connections},
		{"limits.connections_per_address", c.Limits.ConnectionsPerAddress == other.Limits.ConnectionsPerAddress},
		{"limits.memory", c.Limits.Memory == other.Limits.Memory},
		{"limits.idle_timeout", c.Limits.IdleTimeout == other.Limits.IdleTimeout},
		{"limits.answer", c.Limits.Answer == other.Limits.Answer},
		{"limits.persisted_bytes", c.Limits.PersistedBytes == other.Limits.PersistedBytes},
	} {
		if !key.same {
			keys = append(keys, key.name)
		}
	}
	return keys
}
