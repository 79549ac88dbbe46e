package application

import (
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"
)

const (
	formBytes = 4 << 10
	// autoLoginUser is who everybody is with DEV_AUTO_LOGIN.
	autoLoginUser = "ayla"
)

type loginData struct {
	User  string
	Wrong bool
}

// visitor returns the user who is signed in, or nil.
func (a *application) visitor(r *http.Request) (*user, error) {
	condition, argument := "name = $1", any(autoLoginUser)
	if !a.settings.autoLogin {
		cookie, err := r.Cookie(sessionName)
		if err != nil {
			return nil, nil
		}
		id, err := a.sessions.open(cookie.Value, a.now())
		if err != nil {
			return nil, nil
		}
		condition, argument = "id = $1", id
	}
	who, err := a.store.userWhere(r.Context(), condition, argument)
	if errors.Is(err, errNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &who, nil
}

func (a *application) login(r *http.Request) (content, error) {
	who, err := a.visitor(r)
	if who != nil {
		return content{location: "/me"}, nil
	}
	return content{template: "login", title: "Sign in", data: loginData{}}, err
}

// signIn answers the form of the login page.
func (a *application) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, formBytes)
	a.page(func(r *http.Request) (content, error) {
		if err := r.ParseForm(); err != nil {
			return wrongLogin("", http.StatusBadRequest), nil
		}
		name := r.PostForm.Get("user")
		// PostgreSQL takes neither NUL nor broken UTF-8 in a text: nobody has such a name.
		var who user
		err := errNotFound
		if utf8.ValidString(name) && !strings.ContainsRune(name, 0) {
			who, err = a.store.userWhere(r.Context(), "name = $1", name)
		}
		if errors.Is(err, errNotFound) {
			who, err = user{passwordHash: noPassword}, nil
		}
		if err != nil {
			return content{}, err
		}
		matches, err := a.checkPassword(r.Context(), who.passwordHash, r.PostForm.Get("password"))
		if err != nil {
			return content{}, err
		}
		if !matches || who.ID == 0 {
			return wrongLogin(name, http.StatusUnauthorized), nil
		}
		http.SetCookie(w, a.sessions.cookie(r, a.sessions.seal(who.ID, a.now().Add(sessionLife))))
		return content{location: "/me"}, nil
	}).ServeHTTP(w, r)
}

func wrongLogin(name string, status int) content {
	return content{template: "login", title: "Sign in", status: status, data: loginData{User: name, Wrong: true}}
}

// signOut ends the session in this browser.
func (a *application) signOut(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, a.sessions.cookie(r, ""))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
