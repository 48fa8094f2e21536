package phoenix

import (
	"crypto/aes"
	"crypto/cipher"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// Prefixes of encrypted tokens. XCP stands for XChaCha20-Poly1305. QTEyOEdDTQ is A128GCM
// in base64url, which Plug.Crypto wrote before 2.0.
const (
	xchachaPrefix = "XCP."
	aesGCMPrefix  = "QTEyOEdDTQ."
)

// additionalData is the additional authenticated data (AAD) of both forms.
var additionalData = []byte("A128GCM")

// encrypted decrypts encrypted tokens.
type encrypted struct {
	xchacha cipher.AEAD // nil: the key is not 32 bytes long, which XChaCha20 needs
	keyWrap cipher.AEAD // decrypts the keys of AES-GCM tokens
}

func newEncrypted(key []byte) (e encrypted, err error) {
	if len(key) == chacha20poly1305.KeySize {
		if e.xchacha, err = chacha20poly1305.NewX(key); err != nil {
			return e, err
		}
	}
	e.keyWrap, err = newGCM(key)
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

// openXChaCha decrypts nonce, tag and ciphertext, in that order.
func (e encrypted) openXChaCha(text string) ([]byte, bool) {
	const tag = chacha20poly1305.NonceSizeX
	const ciphertext = tag + chacha20poly1305.Overhead
	b, ok := decodeBase64(text)
	if !ok || len(b) < ciphertext || e.xchacha == nil {
		return nil, false
	}
	return open(e.xchacha, b[:tag], b[ciphertext:], b[tag:ciphertext], additionalData)
}

// openAES decrypts the four parts wrapped key, nonce, ciphertext and tag.
func (e encrypted) openAES(text string) ([]byte, bool) {
	texts := strings.Split(text, ".")
	if len(texts) != 4 {
		return nil, false
	}
	var parts [4][]byte
	for i := range parts {
		var ok bool
		if parts[i], ok = decodeBase64(texts[i]); !ok {
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

// unwrap decrypts the key of one token: ciphertext, tag and nonce, in that order, without
// additional data.
func (e encrypted) unwrap(b []byte) ([]byte, bool) {
	nonce := len(b) - e.keyWrap.NonceSize()
	tag := nonce - e.keyWrap.Overhead()
	if tag < 0 {
		return nil, false
	}
	return open(e.keyWrap, b[nonce:], b[:tag], b[tag:nonce], nil)
}

// open decrypts ciphertext and tag, which the standard library expects in this order. It
// checks the sizes first: the standard library panics on a nonce of a wrong size, and
// counts a part of the ciphertext as tag when the tag is too short.
func open(aead cipher.AEAD, nonce, ciphertext, tag, additional []byte) ([]byte, bool) {
	if len(nonce) != aead.NonceSize() || len(tag) != aead.Overhead() {
		return nil, false
	}
	sealed := append(append(make([]byte, 0, len(ciphertext)+len(tag)), ciphertext...), tag...)
	plain, err := aead.Open(sealed[:0], nonce, sealed, additional)
	return plain, err == nil
}
