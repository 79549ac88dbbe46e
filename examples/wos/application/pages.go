package application

import (
	"context"
	"errors"
	"net/http"
	"strconv"
)

const (
	heroesOnHome  = 12
	heroesPerPage = 24
	highestPage   = 100_000
	highestLevel  = 60
	// visitorLeft is what nginx logs for a request whose sender went away: nobody reads it, and it is no fault of ours.
	visitorLeft    = 499
	pageOfNotFound = "There is nothing here. The map may be wrong, or the hero has moved on."
	pageOfTrouble  = "Something broke on our side. The people who mend it can see it in their logs."
)

// content is what one page shows: its template, its title and the data of the template.
type content struct {
	template string
	title    string
	status   int
	data     any
	// location, when it is not empty, sends the visitor elsewhere instead.
	location string
}

// page serves what build returns; nothing is written before build has succeeded.
func (a *application) page(build func(*http.Request) (content, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, cancel := withLimit(r, pageLimit)
		defer cancel()
		shown, err := build(r)
		switch {
		case errors.Is(r.Context().Err(), context.Canceled):
			w.WriteHeader(visitorLeft)
		case errors.Is(err, errNotFound):
			a.problem(w, r, http.StatusNotFound)
		case err != nil:
			a.log.Error("the page broke", "path", r.URL.Path, "error", err)
			a.problem(w, r, http.StatusInternalServerError)
		case shown.location != "":
			http.Redirect(w, r, shown.location, http.StatusSeeOther)
		default:
			a.render(w, r, shown)
		}
	})
}

// problem shows an error page.
func (a *application) problem(w http.ResponseWriter, r *http.Request, status int) {
	text := pageOfTrouble
	if status == http.StatusNotFound {
		text = pageOfNotFound
	}
	a.render(w, r, content{template: "problem", title: http.StatusText(status), status: status, data: problem{Status: status, Text: text}})
}

type problem struct {
	Status int
	Text   string
}

type homeData struct {
	Totals  totals
	Heroes  []hero
	Classes []group
	Guilds  []group
}

func (a *application) home(r *http.Request) (content, error) {
	var data homeData
	var err error
	ctx := r.Context()
	if data.Totals, err = a.store.totals(ctx); err != nil {
		return content{}, err
	}
	// The column is a setting, checked to be a bare identifier; that it exists is for the database to say.
	data.Heroes, err = a.store.heroes(ctx, "order by h."+a.settings.homeColumn+" desc, h.id limit $1", heroesOnHome)
	if err != nil {
		return content{}, err
	}
	if data.Classes, err = a.store.classes(ctx); err != nil {
		return content{}, err
	}
	data.Guilds, err = a.store.guildsWithMembers(ctx)
	return content{template: "home", title: "A den of heroes", data: data}, err
}

type heroesData struct {
	Heroes               []hero
	Page, Pages          int
	Previous, Next, Size int
}

func (a *application) heroes(r *http.Request) (content, error) {
	page := int64(1)
	if text := r.URL.Query().Get("page"); text != "" {
		var err error
		if page, err = number(text, highestPage); err != nil {
			return content{}, err
		}
	}
	all, err := a.store.totals(r.Context())
	if err != nil {
		return content{}, err
	}
	data := heroesData{Page: int(page), Pages: max(1, (all.Heroes+heroesPerPage-1)/heroesPerPage), Size: all.Heroes}
	if data.Page > data.Pages {
		return content{}, errNotFound
	}
	data.Previous = data.Page - 1
	if data.Page < data.Pages {
		data.Next = data.Page + 1
	}
	data.Heroes, err = a.store.heroes(r.Context(), "order by h.level desc, h.id limit $1 offset $2", heroesPerPage, (data.Page-1)*heroesPerPage)
	return content{template: "heroes", title: "Heroes", data: data}, err
}

type heroData struct {
	Hero      hero
	Guilds    bool
	Companion []hero
}

func (a *application) hero(r *http.Request) (content, error) {
	id, err := number(r.PathValue("id"), 1<<62)
	if err != nil {
		return content{}, err
	}
	shown, err := a.store.hero(r.Context(), id)
	if err != nil {
		return content{}, err
	}
	data := heroData{Hero: shown, Guilds: a.store.guilds}
	siblings, err := a.store.heroesOf(r.Context(), shown.KeeperID)
	for _, sibling := range siblings {
		if sibling.ID != shown.ID {
			data.Companion = append(data.Companion, sibling)
		}
	}
	return content{template: "hero", title: shown.Name, data: data}, err
}

type profileData struct {
	Profile profile
	Heroes  []hero
	Mottos  bool
	Mine    bool
}

func (a *application) profile(r *http.Request) (content, error) {
	id, err := number(r.PathValue("id"), 1<<62)
	if err != nil {
		return content{}, err
	}
	return a.showProfile(r, false, "id = $1", id)
}

func (a *application) me(r *http.Request) (content, error) {
	who, err := a.visitor(r)
	if err != nil {
		return content{}, err
	}
	if who == nil {
		return content{location: "/login"}, nil
	}
	return a.showProfile(r, true, "user_id = $1", who.ID)
}

func (a *application) showProfile(r *http.Request, mine bool, condition string, id int64) (content, error) {
	shown, err := a.store.profileWhere(r.Context(), condition, id)
	if err != nil {
		return content{}, err
	}
	heroes, err := a.store.heroesOf(r.Context(), shown.ID)
	return content{template: "profile", title: shown.Name, data: profileData{Profile: shown, Heroes: heroes, Mottos: a.store.motto, Mine: mine}}, err
}

// number reads a positive number of an address; what is none, or above most, is not found.
func number(text string, most int64) (int64, error) {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || value < 1 || value > most {
		return 0, errNotFound
	}
	return value, nil
}
