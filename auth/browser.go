package auth

// What browsers send by themselves, a page of any origin can have sent: whoever
// reads it has to find out which page that was.

// Cookies says whether a method looks at cookies.
func (c *Config) Cookies() bool {
	for i := range c.Methods {
		for _, s := range c.Methods[i].sections() {
			if token, ok := s.(interface{ inCookie() bool }); ok && token.inCookie() {
				return true
			}
		}
	}
	return false
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
