// Package web serves the pages of the gateway, which make web builds from the sources in
// this folder, and which are embedded. It must never know what a page shows.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed dist
var dist embed.FS

// The pages.
var (
	Explore = read("explore") // GraphiQL for one application
	Console = read("console") // for operators
)

// policy lets a page load its own assets and call its own origin, and nothing else. No other
// page may frame it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// A Site is a page and its assets.
type Site struct {
	page   string
	assets map[string]*asset
}

func read(name string) *Site {
	s := &Site{assets: make(map[string]*asset)}
	folder := path.Join("dist", name)
	page, err := dist.ReadFile(path.Join(folder, "index.html"))
	if err != nil {
		panic(err)
	}
	s.page = string(page)
	files, err := fs.Glob(dist, path.Join(folder, "assets", "*"))
	if err != nil {
		panic(err)
	}
	for _, file := range files {
		s.assets[path.Base(file)] = newAsset(file)
	}
	return s
}

// Page returns the handler of the page. base is the relative address of its assets, with /
// at the end; about is what the page is told, as JSON.
func (s *Site) Page(base string, about any) http.Handler {
	text, err := json.Marshal(about)
	if err != nil {
		panic(err)
	}
	page := strings.NewReplacer(`"./assets/`, `"`+html.EscapeString(base), `content="{}"`, `content="`+html.EscapeString(string(text))+`"`).Replace(s.page)
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(page)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tag)
		h.Set("Content-Type", "text/html; charset=utf-8")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(page))
	})
}

// ServeAsset answers with the asset that the last part of the path names. Names contain a
// hash of the content, so caches may keep assets for ever.
func (s *Site) ServeAsset(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[path.Base(r.URL.Path)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Type", a.contentType)
	content := a.open()
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		content = bytes.NewReader(a.compressed())
	}
	http.ServeContent(w, r, "", time.Time{}, content)
}

var contentTypes = map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

// An asset is read where it is embedded: a copy would be memory of each process.
type asset struct {
	file        string
	contentType string
	compressed  func() []byte // when first needed
}

func newAsset(file string) *asset {
	a := &asset{file: file, contentType: contentTypes[path.Ext(file)]}
	a.compressed = sync.OnceValue(func() []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		io.Copy(w, a.open())
		w.Close()
		return b.Bytes()
	})
	return a
}

// open returns the content. The files of an [embed.FS] can seek.
func (a *asset) open() io.ReadSeeker {
	f, err := dist.Open(a.file)
	if err != nil {
		panic(err)
	}
	return f.(io.ReadSeeker)
}
