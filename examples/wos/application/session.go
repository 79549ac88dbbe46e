package application

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	sessionName = "wos_session"
	sessionLife = 12 * time.Hour
)

var errSession = errors.New("not a session of ours, or an old one")

// sessions makes and reads the values of session cookies: "USER.EXPIRY.SIGNATURE", the expiry in Unix seconds,
// the signature an HMAC-SHA256 of what is before it, in unpadded base64.
type sessions struct {
	key []byte
}

func (s sessions) sign(payload string) string {
	mac := hmac.New(sha256.New, s.key)
	// The prefix keeps a signature from being good for anything else that the same key may sign one day.
	mac.Write([]byte("session:" + payload))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// seal returns the cookie value that signs a user in until expiry.
func (s sessions) seal(userID int64, expiry time.Time) string {
	payload := strconv.FormatInt(userID, 10) + "." + strconv.FormatInt(expiry.Unix(), 10)
	return payload + "." + s.sign(payload)
}

// open returns the user of a cookie value that this key signed and that has not expired at the time now.
func (s sessions) open(value string, now time.Time) (int64, error) {
	at := strings.LastIndexByte(value, '.')
	if at < 0 || !hmac.Equal([]byte(s.sign(value[:at])), []byte(value[at+1:])) {
		return 0, errSession
	}
	id, until, _ := strings.Cut(value[:at], ".")
	userID, wrongUser := strconv.ParseInt(id, 10, 64)
	expiry, wrongExpiry := strconv.ParseInt(until, 10, 64)
	if errors.Join(wrongUser, wrongExpiry) != nil || now.Unix() >= expiry {
		return 0, errSession
	}
	return userID, nil
}

// cookie returns a session cookie; an empty value ends the session in the browser.
func (s sessions) cookie(r *http.Request, value string) *http.Cookie {
	cookie := &http.Cookie{
		Name:     sessionName,
		Value:    value,
		Path:     "/",
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
		// The header can only be trusted to ask for more care, which is all that it does here.
		Secure: r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https"),
		MaxAge: int(sessionLife.Seconds()),
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	return cookie
}
