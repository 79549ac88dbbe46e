package githubapitest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The addresses beside the API, which no fault reaches and which are not recorded.
const (
	// StatePath answers the state to GET. PUT replaces it; PATCH changes the fields that its body has, and of a map the
	// members that it has.
	StatePath = "/_control/state"
	// RequestsPath answers the requests so far.
	RequestsPath = "/_control/requests"
	// IdentityPath is what ACTIONS_ID_TOKEN_REQUEST_URL names; callers add the audience:
	// https://docs.github.com/actions/reference/security/oidc
	IdentityPath = "/_oidc/token"
	// KeysPath answers the keys by which an identity is checked, as a JSON Web Key Set.
	KeysPath = "/_oidc/.well-known/jwks"
)

// serveAside serves what is not GitHub's API.
func (s *Server) serveAside(w http.ResponseWriter, r *http.Request, body []byte) {
	switch r.Method + " " + r.URL.Path {
	case "GET " + StatePath:
		write(w, http.StatusOK, s.State())
	case "PUT " + StatePath, "PATCH " + StatePath:
		next := State{}
		if r.Method == http.MethodPatch {
			next = s.State()
		}
		if err := json.Unmarshal(body, &next); err != nil {
			write(w, http.StatusBadRequest, object{"message": err.Error()})
			return
		}
		s.Change(func(state *State) { *state = next })
		write(w, http.StatusOK, next)
	case "GET " + RequestsPath:
		write(w, http.StatusOK, s.Requests())
	case "GET " + IdentityPath:
		s.serveIdentity(w, r)
	case "GET " + KeysPath:
		write(w, http.StatusOK, object{"keys": []any{s.signer.public()}})
	default:
		write(w, http.StatusNotFound, object{"message": "Not Found"})
	}
}

func write(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // Answers are plain data.
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// serveIdentity answers a signed token that says which job asks.
func (s *Server) serveIdentity(w http.ResponseWriter, r *http.Request) {
	state := s.State()
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if state.Identity.RequestToken == "" || token != state.Identity.RequestToken {
		write(w, http.StatusUnauthorized, object{"message": "the request token is not right"})
		return
	}
	now := s.options.Now()
	claims := object{
		"iss": "http://" + r.Host + "/_oidc", "sub": state.Identity.Subject, "aud": r.URL.Query().Get("audience"),
		"repository": state.Repository, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	maps.Copy(claims, state.Identity.Claims)
	value := s.signer.sign(claims)
	write(w, http.StatusOK, object{"count": len(value), "value": value})
}

// signer signs identities with a key that is made when it is first needed.
type signer struct {
	once sync.Once
	made *rsa.PrivateKey
}

const keyName = "stand-in"

func (s *signer) key() *rsa.PrivateKey {
	s.once.Do(func() {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err) // The system has no randomness.
		}
		s.made = key
	})
	return s.made
}

func encoded(bytes []byte) string { return base64.RawURLEncoding.EncodeToString(bytes) }

// sign returns a JSON Web Token (RFC 7519) with the claims.
func (s *signer) sign(claims object) string {
	header, _ := json.Marshal(object{"alg": "RS256", "typ": "JWT", "kid": keyName})
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err) // Claims are plain data.
	}
	signed := encoded(header) + "." + encoded(text)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err) // The key is long enough for the digest.
	}
	return signed + "." + encoded(signature)
}

// public returns the public key as RFC 7517 has it.
func (s *signer) public() object {
	key := s.key().PublicKey
	return object{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": keyName,
		"n": encoded(key.N.Bytes()), "e": encoded(big.NewInt(int64(key.E)).Bytes()),
	}
}
