package phoenix

import (
	"crypto/aes"
	"crypto/cipher"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// What encrypted tokens begin with: XChaCha20-Poly1305, and A128GCM in base64url,
// which is what Plug.Crypto wrote before 2.0.
const (
	xchachaPrefix = "XCP."
	aesGCMPrefix  = "QTEyOEdDTQ."
)

// additionalData is authenticated with the ciphertext of all of them.
var additionalData = []byte("A128GCM")

// encrypted are the keys of tokens that only the application and we can read.
type encrypted struct {
	xchacha cipher.AEAD // nil if the key is too short for it
	wrap    cipher.AEAD // of the keys of older tokens
}

func newEncrypted(key []byte) (e encrypted, err error) {
	if len(key) == chacha20poly1305.KeySize {
		if e.xchacha, err = chacha20poly1305.NewX(key); err != nil {
			return e, err
		}
	}
	e.wrap, err = newGCM(key)
	return e, err
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (encrypted) recognizes(token string) bool {
	return strings.HasPrefix(token, xchachaPrefix) || strings.HasPrefix(token, aesGCMPrefix)
}

func (e encrypted) open(token string) ([]byte, bool) {
	if rest, ok := strings.CutPrefix(token, xchachaPrefix); ok {
		return e.openXChaCha(rest)
	}
	if rest, ok := strings.CutPrefix(token, aesGCMPrefix); ok {
		return e.openAES(rest)
	}
	return nil, false
}

// openXChaCha opens nonce, tag and ciphertext; Go has the tag last.
func (e encrypted) openXChaCha(text string) ([]byte, bool) {
	const tag = chacha20poly1305.NonceSizeX
	const ciphertext = tag + chacha20poly1305.Overhead
	b, ok := decode(text)
	if !ok || len(b) < ciphertext || e.xchacha == nil {
		return nil, false
	}
	return open(e.xchacha, b[:tag], b[ciphertext:], b[tag:ciphertext], additionalData)
}

// openAES opens a token of four parts: wrapped key, nonce, ciphertext, tag.
func (e encrypted) openAES(text string) ([]byte, bool) {
	texts := strings.Split(text, ".")
	if len(texts) != 4 {
		return nil, false
	}
	var parts [4][]byte
	for i := range parts {
		var ok bool
		if parts[i], ok = decode(texts[i]); !ok {
			return nil, false
		}
	}
	key, ok := e.unwrap(parts[0])
	if !ok {
		return nil, false
	}
	content, err := newGCM(key)
	if err != nil {
		return nil, false
	}
	return open(content, parts[1], parts[2], parts[3], additionalData)
}

// unwrap opens the key of a token: ciphertext, tag and nonce, with nothing besides
// that is authenticated.
func (e encrypted) unwrap(b []byte) ([]byte, bool) {
	nonce := len(b) - e.wrap.NonceSize()
	tag := nonce - e.wrap.Overhead()
	if tag < 0 {
		return nil, false
	}
	return open(e.wrap, b[nonce:], b[:tag], b[tag:nonce], nil)
}

// open checks the sizes at which the standard library panics, or takes a shorter tag
// for a part of the ciphertext.
func open(aead cipher.AEAD, nonce, ciphertext, tag, additional []byte) ([]byte, bool) {
	if len(nonce) != aead.NonceSize() || len(tag) != aead.Overhead() {
		return nil, false
	}
	sealed := append(append(make([]byte, 0, len(ciphertext)+len(tag)), ciphertext...), tag...)
	plain, err := aead.Open(sealed[:0], nonce, sealed, additional)
	return plain, err == nil
}
