package auth

import "slices"

// What browsers send by themselves, a page of any origin can have sent: whoever
// reads it has to find out which page that was.

// Cookies says whether a method looks at cookies.
func (c *Config) Cookies() bool { return slices.ContainsFunc(c.Methods, MethodConfig.cookies) }

// cookies says whether the method looks at one. None has the key yet.
func (m MethodConfig) cookies() bool { return false }

// Cookies says whether an entry is a cookie. None has the key yet.
func (c ContextConfig) Cookies() bool { return false }

// Ambient says whether browsers send by themselves what contexts depend on: cookies.
// No entry has the key yet.
func (c *Context) Ambient() bool { return false }
