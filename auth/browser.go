package auth

import "slices"

// What browsers send by themselves, a page of any origin can have sent: whoever
// reads it has to find out which page that was.

// Cookies says whether a method looks at cookies.
func (c *Config) Cookies() bool { return slices.ContainsFunc(c.Methods, MethodConfig.cookies) }

func (m MethodConfig) cookies() bool {
	return m.PhoenixToken != nil && m.PhoenixToken.Cookie != "" || m.JWT != nil && m.JWT.Cookie != ""
}

// Cookies says whether an entry is a cookie.
func (c ContextConfig) Cookies() bool {
	for _, e := range c {
		if e.Cookie != "" || e.Fields.Cookies() {
			return true
		}
	}
	return false
}
