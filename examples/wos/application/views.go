package application

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// asset is one embedded file and its digest, which is part of its address so that browsers may keep it for good.
type asset struct {
	body   []byte
	kind   string
	digest string
}

// view is what the layout of every page gets.
type view struct {
	Title       string
	Path        string
	Visitor     string
	Version     string
	Environment string
	Style       string
	Icon        string
	Data        any
}

func loadAssets() (map[string]asset, error) {
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		return nil, err
	}
	assets := map[string]asset{}
	for _, entry := range entries {
		body, err := staticFiles.ReadFile("static/" + entry.Name())
		if err != nil {
			return nil, err
		}
		digest := sha256.Sum256(body)
		assets[entry.Name()] = asset{body: body, kind: mime.TypeByExtension(path.Ext(entry.Name())), digest: hex.EncodeToString(digest[:6])}
	}
	return assets, nil
}

func loadPages() (map[string]*template.Template, error) {
	shared, err := template.New("layout").Funcs(template.FuncMap{
		"lower":    strings.ToLower,
		"thousand": thousand,
		"initial":  initial,
		"full":     func() int { return highestLevel },
	}).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, name := range []string{"home", "heroes", "hero", "profile", "login", "problem"} {
		copied, err := shared.Clone()
		if err != nil {
			return nil, err
		}
		if pages[name], err = copied.ParseFS(templateFiles, "templates/"+name+".html"); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// render writes a page, or a plain 500 when its template breaks.
func (a *application) render(w http.ResponseWriter, r *http.Request, shown content) {
	shownTo := ""
	// What broke may be the database: a page that says so must not wait for it.
	if shown.status < http.StatusInternalServerError {
		who, err := a.visitor(r)
		if err != nil {
			a.log.Error("the visitor is not known", "error", err)
		}
		if who != nil {
			shownTo = who.Name
		}
	}
	var body bytes.Buffer
	err := a.pages[shown.template].ExecuteTemplate(&body, "layout.html", view{
		Title:       shown.title,
		Path:        r.URL.Path,
		Visitor:     shownTo,
		Version:     a.settings.version,
		Environment: a.settings.environment,
		Style:       a.assetAddress("style.css"),
		Icon:        a.assetAddress("icon.svg"),
		Data:        shown.data,
	})
	if err != nil {
		a.log.Error("the template broke", "template", shown.template, "error", err)
		http.Error(w, pageOfTrouble, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if shown.status != 0 {
		w.WriteHeader(shown.status)
	}
	w.Write(body.Bytes())
}

func (a *application) assetAddress(name string) string {
	return "/static/" + name + "?" + a.assets[name].digest
}

func (a *application) serveAsset(w http.ResponseWriter, r *http.Request) {
	found, ok := a.assets[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", found.kind)
	// An address with another digest is of another version: what it gets must not be kept under that name.
	if r.URL.RawQuery == found.digest {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	w.Write(found.body)
}

// thousand writes a number with a thin space between thousands.
func thousand(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s\u2009%03d", thousand(n/1000), n%1000)
}

// initial returns the first letter of a name.
func initial(name string) string {
	for _, letter := range name {
		return string(letter)
	}
	return "?"
}
