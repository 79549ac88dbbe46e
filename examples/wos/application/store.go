package application

import (
	"context"
	"database/sql"
	"errors"
)

// errNotFound says that no row has the id or name that was asked for.
var errNotFound = errors.New("not found")

// store asks the database. Each statement names its columns, so that a newer schema changes nothing here;
// guilds and motto say whether to ask for what later migrations bring.
type store struct {
	database *sql.DB
	guilds   bool
	motto    bool
}

// user is who signs in.
type user struct {
	ID           int64
	Name         string
	passwordHash string
}

// profile is what others see of a user.
type profile struct {
	ID         int64
	Name       string
	Title      string
	Realm      string
	JoinedYear int
	Motto      string
}

// hero belongs to a profile, its keeper.
type hero struct {
	ID         int64
	Name       string
	Class      string
	Level      int
	Power      int
	Victories  int
	KeeperID   int64
	KeeperName string
	Guild      string
}

// group is a class, or a guild with its creed, and its number of heroes.
type group struct {
	Name   string
	Creed  string
	Heroes int
}

// totals are the numbers on the home page.
type totals struct {
	Profiles  int
	Heroes    int
	Victories int
}

// userWhere returns the one user for whom condition holds; errNotFound when there is none.
func (s store) userWhere(ctx context.Context, condition string, argument any) (user, error) {
	var u user
	err := s.database.QueryRowContext(ctx, "select id, name, password_hash from users where "+condition, argument).
		Scan(&u.ID, &u.Name, &u.passwordHash)
	return u, notFound(err)
}

// profileWhere returns the one profile for which condition holds; errNotFound when there is none.
func (s store) profileWhere(ctx context.Context, condition string, argument any) (profile, error) {
	motto := "''"
	if s.motto {
		motto = "coalesce(motto, '')"
	}
	var p profile
	err := s.database.QueryRowContext(ctx, "select id, display_name, title, realm, joined_year, "+motto+" from profiles where "+condition, argument).
		Scan(&p.ID, &p.Name, &p.Title, &p.Realm, &p.JoinedYear, &p.Motto)
	return p, notFound(err)
}

// heroes returns the heroes that tail, the end of a statement over h and p, picks and orders.
func (s store) heroes(ctx context.Context, tail string, arguments ...any) ([]hero, error) {
	guild, join := "''", ""
	if s.guilds {
		guild, join = "coalesce(g.name, '')", " left join guilds g on g.id = h.guild_id"
	}
	rows, err := s.database.QueryContext(ctx, "select h.id, h.name, h.class, h.level, h.power, h.victories, p.id, p.display_name, "+guild+
		" from heroes h join profiles p on p.id = h.profile_id"+join+" "+tail, arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var heroes []hero
	for rows.Next() {
		var h hero
		if err := rows.Scan(&h.ID, &h.Name, &h.Class, &h.Level, &h.Power, &h.Victories, &h.KeeperID, &h.KeeperName, &h.Guild); err != nil {
			return nil, err
		}
		heroes = append(heroes, h)
	}
	return heroes, rows.Err()
}

// heroesOf returns the heroes of a profile, the strongest first.
func (s store) heroesOf(ctx context.Context, profileID int64) ([]hero, error) {
	return s.heroes(ctx, "where h.profile_id = $1 order by h.level desc, h.id", profileID)
}

// hero returns the hero of an id; errNotFound when there is none.
func (s store) hero(ctx context.Context, id int64) (hero, error) {
	heroes, err := s.heroes(ctx, "where h.id = $1", id)
	if err == nil && len(heroes) == 0 {
		err = errNotFound
	}
	if err != nil {
		return hero{}, err
	}
	return heroes[0], nil
}

// totals counts what the home page shows.
func (s store) totals(ctx context.Context) (totals, error) {
	var t totals
	err := s.database.QueryRowContext(ctx, "select (select count(*) from profiles), count(*), coalesce(sum(victories), 0) from heroes").
		Scan(&t.Profiles, &t.Heroes, &t.Victories)
	return t, err
}

// classes returns each class with its number of heroes.
func (s store) classes(ctx context.Context) ([]group, error) {
	return s.groups(ctx, "select class, '', count(*) from heroes group by class order by count(*) desc, class")
}

// guildsWithMembers returns each guild, or none when the feature is off.
func (s store) guildsWithMembers(ctx context.Context) ([]group, error) {
	if !s.guilds {
		return nil, nil
	}
	return s.groups(ctx, "select g.name, g.creed, count(h.id) from guilds g left join heroes h on h.guild_id = g.id group by g.id, g.name, g.creed order by g.id")
}

func (s store) groups(ctx context.Context, statement string) ([]group, error) {
	rows, err := s.database.QueryContext(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var groups []group
	for rows.Next() {
		var g group
		if err := rows.Scan(&g.Name, &g.Creed, &g.Heroes); err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	return groups, rows.Err()
}

// ready asks one tiny question that only works on a database with the application's schema.
func (s store) ready(ctx context.Context) error {
	var any bool
	return s.database.QueryRowContext(ctx, "select exists (select 1 from users)").Scan(&any)
}

// schema returns the version of the newest migration that goose has applied.
func (s store) schema(ctx context.Context) (int64, error) {
	var version int64
	err := s.database.QueryRowContext(ctx, "select max(version_id) from goose_db_version where is_applied").Scan(&version)
	return version, err
}

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errNotFound
	}
	return err
}
