package jwt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// Tokens of RFC 7515 (A.1, A.2, A.3) and RFC 8037 (A.4).
func TestVectors(t *testing.T) {
	const claims = ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
	secret := must(NewHMACKeys(must(base64.RawURLEncoding.DecodeString("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")), nil))
	public, problems, err := ParseKeySet([]byte(`{"keys":[
		{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},
		{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
		{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	for _, tt := range []struct {
		algorithm jose.SignatureAlgorithm
		keys      *Keys
		text      string
	}{
		{jose.HS256, secret, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" + claims + "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
		{jose.RS256, public, "eyJhbGciOiJSUzI1NiJ9" + claims + "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
		{jose.ES256, public, "eyJhbGciOiJFUzI1NiJ9" + claims + "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
		{jose.EdDSA, public, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
	} {
		signature := tt.text[strings.LastIndex(tt.text, ".")+1:]
		if err := verifySignature(tt.text, signature, tt.algorithm, "", tt.keys); err != nil {
			t.Errorf("%s: %v", tt.algorithm, err)
		}
	}
}

func TestSecretLength(t *testing.T) {
	for _, tt := range []struct {
		length     int
		algorithms []string
		fine       bool
		count      int
	}{
		{31, nil, false, 0},
		{32, nil, true, 1},
		{48, nil, true, 2},
		{64, nil, true, 3},
		{47, []string{"HS384"}, false, 0},
		{48, []string{"HS384"}, true, 2},
		{63, []string{"HS256", "HS512"}, false, 0},
		{0, []string{"HS256"}, false, 0},
	} {
		keys, err := NewHMACKeys(make([]byte, tt.length), tt.algorithms)
		if (err == nil) != tt.fine || err == nil && len(keys.keys[0].algorithms) != tt.count {
			t.Errorf("%d bytes, %s: %v", tt.length, tt.algorithms, err)
		}
	}
}

func TestPublicKeys(t *testing.T) {
	short := must(rsa.GenerateKey(rand.Reader, 1024))
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	certificate := must(x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, ed.Public(), ed))
	for name, tt := range map[string]struct {
		text   string
		length int
		hint   string
	}{
		"RSA":          {pemOf("PUBLIC KEY", spki(&rsaKey().PublicKey)), 1, ""},
		"RSA, PKCS #1": {pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey)), 1, ""},
		"certificate":  {pemOf("CERTIFICATE", certificate), 1, ""},
		"several":      {"# old\n" + pemOf("PUBLIC KEY", spki(&p256.PublicKey)) + "# new\n" + pemOf("PUBLIC KEY", spki(ed.Public())), 2, ""},
		"private":      {pemOf("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(p256))), 0, "openssl pkey -pubout"},
		"1024 bits":    {pemOf("PUBLIC KEY", spki(&short.PublicKey)), 0, "1024 bits"},
		"P-224":        {pemOf("PUBLIC KEY", spki(&p224.PublicKey)), 0, "P-256"},
		"broken":       {pemOf("PUBLIC KEY", []byte("x")), 0, "block 1"},
		"no PEM":       {"ssh-ed25519 AAAA", 0, "PEM"},
	} {
		keys, err := ParsePublicKeys([]byte(tt.text))
		if keys.Len() != tt.length || (err == nil) != (tt.hint == "") || err != nil && !strings.Contains(err.Error(), tt.hint) {
			t.Errorf("%s: %d keys, %v", name, keys.Len(), err)
		}
	}
}

// jwk returns a JSON Web Key with changed members. nil removes a member.
func jwk(key any, changes map[string]any) string {
	var members map[string]any
	if err := json.Unmarshal(must(jose.JSONWebKey{Key: key, KeyID: "k"}.MarshalJSON()), &members); err != nil {
		panic(err)
	}
	for name, v := range changes {
		members[name] = v
		if v == nil {
			delete(members, name)
		}
	}
	return string(must(json.Marshal(members)))
}

// An invalid key in a set does not affect the valid one.
func TestKeySet(t *testing.T) {
	short := must(rsa.GenerateKey(rand.Reader, 1024))
	public, other := &rsaKey().PublicKey, jwk(&p256.PublicKey, nil)
	type c = map[string]any
	const used, leftOut, wrong = 2, 1, -1
	for name, tt := range map[string]struct {
		key  string
		want int
	}{
		"RSA":                           {jwk(public, nil), used},
		"for signatures":                {jwk(public, c{"use": "sig", "alg": "PS256", "key_ops": []string{"verify"}}), used},
		"broken certificate":            {jwk(public, c{"x5c": []string{"x"}, "x5t": "x"}), used},
		"for encryption":                {jwk(public, c{"use": "enc"}), leftOut},
		"for encrypting":                {jwk(public, c{"key_ops": []string{"encrypt"}}), leftOut},
		"for another algorithm":         {jwk(public, c{"alg": "RSA-OAEP"}), leftOut},
		"for another kind's":            {jwk(public, c{"alg": "ES256"}), leftOut},
		"for HS256":                     {jwk(public, c{"alg": "HS256"}), leftOut},
		"for none":                      {jwk(public, c{"alg": "none"}), leftOut},
		"of an unknown kind":            {`{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}`, leftOut},
		"of an unknown curve":           {jwk(&p256.PublicKey, c{"crv": "secp256k1"}), leftOut},
		"X25519":                        {jwk(ed.Public(), c{"crv": "X25519"}), leftOut},
		"a secret":                      {`{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}`, wrong},
		"private":                       {jwk(rsaKey(), nil), wrong},
		"1024 bits":                     {jwk(&short.PublicKey, nil), wrong},
		"no modulus":                    {jwk(public, c{"n": nil}), wrong},
		"modulus no base64":             {jwk(public, c{"n": "!"}), wrong},
		"exponent 1":                    {jwk(public, c{"e": "AQ"}), wrong},
		"not on the curve":              {jwk(&p256.PublicKey, c{"x": jwkX(p384)}), wrong},
		"of another curve":              {jwk(&p256.PublicKey, c{"crv": "P-384"}), wrong},
		"kid no text":                   {jwk(public, c{"kid": 1}), wrong},
		"no kind":                       {jwk(public, c{"kty": nil}), leftOut},
		"a member twice":                {`{"kty":"RSA",` + jwk(public, nil)[1:], wrong},
		"no object":                     {`"x"`, wrong},
		"Ed25519 key that is too short": {jwk(ed.Public(), c{"x": "AAAA"}), wrong},
	} {
		keys, problems, err := ParseKeySet(fmt.Appendf(nil, `{"keys":[%s,%s]}`, tt.key, other))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := keys.Len()
		if len(problems) > 0 {
			got = wrong
		}
		if got != tt.want || keys.Len() < 1 {
			t.Errorf("%s: %d keys, %v", name, keys.Len(), problems)
		}
		if _, err := rules.Verify(sign(t, jose.ES256, p256, kid("k"), good(nil)), keys, now); err != nil {
			t.Errorf("%s: it costs the other key: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"no JSON": "<html>", "a list": "[]", "no keys": "{}", "keys no list": `{"keys":{}}`, "keys null": `{"keys":null}`, "keys twice": `{"keys":[],"keys":[]}`,
		"nothing right": `{"keys":[{"kty":"oct","k":"AAAA"}]}`, "too many": `{"keys":[` + strings.Repeat("{},", maxKeys) + `{}]}`,
	} {
		if _, _, err := ParseKeySet([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if keys, _, err := ParseKeySet([]byte(`{"keys":[]}`)); keys.Len() != 0 || keys == nil || err != nil {
		t.Error("an issuer that has withdrawn every key:", err)
	}
}

func jwkX(key *ecdsa.PrivateKey) string {
	var members map[string]string
	json.Unmarshal([]byte(jwk(&key.PublicKey, nil)), &members)
	return members["x"]
}

// A key verifies only its own algorithms, regardless of the token's alg.
func TestKeyForOneAlgorithm(t *testing.T) {
	keys, _, err := ParseKeySet([]byte(`{"keys":[` + jwk(&rsaKey().PublicKey, map[string]any{"alg": "RS256"}) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	for algorithm, key := range signers() {
		_, err := rules.Verify(sign(t, algorithm, key, kid("k"), good(nil)), keys, now)
		if (err == nil) != (algorithm == jose.RS256) {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

// Issuers publish keys under either name of the algorithm, and change it at will.
func TestNamesOfEd25519(t *testing.T) {
	for _, alg := range []string{"EdDSA", "Ed25519"} {
		keys, problems, err := ParseKeySet([]byte(`{"keys":[` + jwk(ed.Public(), map[string]any{"alg": alg}) + `]}`))
		if err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
		for algorithm, key := range signers() {
			_, err := rules.Verify(sign(t, algorithm, key, kid("k"), good(nil)), keys, now)
			if (err == nil) != slices.Contains(edAlgorithms, algorithm) {
				t.Errorf("key with alg %s, token with %s: %v", alg, algorithm, err)
			}
		}
	}
}

func FuzzKeySet(f *testing.F) {
	f.Add([]byte(keySet(f, map[string]any{"rsa": &rsaKey().PublicKey, "p256": &p256.PublicKey, "ed": ed.Public()})))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AAAA"},{}]}`))
	var tokens []string
	for algorithm, key := range signers() {
		tokens = append(tokens, sign(f, algorithm, key, nil, good(nil)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, _, err := ParseKeySet(text)
		if (keys == nil) != (err != nil) || keys.Len() > maxKeys {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		for _, k := range keys.keys {
			if _, err := supportedAlgorithms(k.material); err != nil || len(k.algorithms) == 0 {
				t.Fatal(k, err)
			}
		}
		// Verification terminates with every key.
		for _, text := range tokens {
			rules.Verify(text, keys, now)
		}
	})
}
