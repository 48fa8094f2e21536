package auth

// What browsers send by themselves, a page of any origin can have sent: whoever
// reads it has to find out which page that was.

// UsesCookies says whether a method looks at cookies.
func (c *Config) UsesCookies() bool {
	for i := range c.Methods {
		for _, s := range c.Methods[i].sections() {
			if token, ok := s.(interface{ usesCookie() bool }); ok && token.usesCookie() {
				return true
			}
		}
	}
	return false
}

// UsesCookies says whether an entry is a cookie.
func (c ContextConfig) UsesCookies() bool {
	for _, e := range c {
		if e.Cookie != "" || e.Fields.UsesCookies() {
			return true
		}
	}
	return false
}
