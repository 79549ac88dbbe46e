// Package awsapitest stands in for AWS in tests: moto, which keeps instances, snapshots, secrets and sessions, behind a
// proxy that makes it as unkind as AWS can be.
package awsapitest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/randomchaoslabs/airlock/internal/awsapi"
)

// Region is where everything is.
const Region = "us-east-1"

// Fault is what happens to one call instead of what moto would do.
type Fault struct {
	// Code and Message are what is answered with Status, without asking moto; an empty Code asks moto.
	Code, Message string
	// Status is 400 when it is zero.
	Status int
	// Lose lets moto do its work and then breaks the connection: the answer is lost.
	Lose bool
	// Rewrite changes moto's answer.
	Rewrite func(body string) string
}

// AWS is one account of one test.
type AWS struct {
	// URL is the endpoint of all services.
	URL string
	// Account is the account's number.
	Account string

	mutex  sync.Mutex
	faults map[string][]Fault
	always map[string]func(form url.Values, body string) string
	calls  map[string]int
}

// Start returns a new, empty account.
func Start(t testing.TB) *AWS {
	t.Helper()
	behind, err := moto()
	if err != nil {
		t.Fatalf("moto_server, which stands in for AWS, cannot be started: %v", err)
	}
	target, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	account := &AWS{Account: strconv.FormatInt(rand.Int64N(9e11)+1e11, 10), faults: map[string][]Fault{}, always: map[string]func(url.Values, string) string{}, calls: map[string]int{}}
	server := httptest.NewServer(account.handler(target))
	t.Cleanup(server.Close)
	account.URL = server.URL
	return account
}

// LookupEnv is an environment that leads to the account.
func (a *AWS) LookupEnv(name string) (string, bool) {
	value, ok := map[string]string{"AWS_ENDPOINT_URL": a.URL, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}[name]
	return value, ok
}

// Config is a configuration that leads to the account, and pauses shortly between attempts.
func (a *AWS) Config(t testing.TB) aws.Config {
	t.Helper()
	cfg, err := awsapi.Load(t.Context(), awsapi.Options{Region: Region, LookupEnv: a.LookupEnv, MaximumPause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// Instance makes an RDS instance for PostgreSQL, changed before it is made by any of changes.
func (a *AWS) Instance(t testing.TB, identifier string, changes ...func(*rds.CreateDBInstanceInput)) {
	t.Helper()
	input := &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: &identifier, DBInstanceClass: aws.String("db.t4g.micro"), Engine: aws.String("postgres"),
		AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("wos"), MasterUserPassword: aws.String("not-a-secret"), DBName: aws.String("wos"),
	}
	for _, change := range changes {
		change(input)
	}
	if _, err := rds.NewFromConfig(a.Config(t)).CreateDBInstance(t.Context(), input); err != nil {
		t.Fatal(err)
	}
}

// Fail lets the next calls of an action, such as "CreateDBSnapshot", meet these faults, one call each and in order.
func (a *AWS) Fail(action string, faults ...Fault) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.faults[action] = append(a.faults[action], faults...)
}

// Always sees the form of each call of an action that moto did, and changes moto's answer: what it stands in for can then be
// the real thing.
func (a *AWS) Always(action string, rewrite func(form url.Values, body string) string) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.always[action] = rewrite
}

// Calls returns how often an action was called.
func (a *AWS) Calls(action string) int {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.calls[action]
}

// Status is moto's answer about a snapshot, which is always available, in another status. An empty progress is none, as
// AWS gives at times.
func Status(status, progress string) Fault {
	given := "<Status>" + status + "</Status>"
	if progress != "" {
		given += "<PercentProgress>" + progress + "</PercentProgress>"
	}
	return Replace("<Status>available</Status>", given)
}

// Replace is moto's answer with one text for another, wherever it is.
func Replace(old, other string) Fault {
	return Fault{Rewrite: func(body string) string { return strings.ReplaceAll(body, old, other) }}
}

// action returns what a request asks for: RDS and STS name it in the form, Secrets Manager in a header.
func action(request *http.Request, form url.Values) string {
	if _, name, found := strings.Cut(request.Header.Get("X-Amz-Target"), "."); found {
		return name
	}
	return form.Get("Action")
}

// met takes the next fault of an action, and counts the call.
func (a *AWS) met(action string, form url.Values) Fault {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.calls[action]++
	var fault Fault
	if queue := a.faults[action]; len(queue) > 0 {
		fault, a.faults[action] = queue[0], queue[1:]
	}
	if always := a.always[action]; always != nil {
		then := fault.Rewrite
		fault.Rewrite = func(body string) string {
			body = always(form, body)
			if then != nil {
				body = then(body)
			}
			return body
		}
	}
	return fault
}

func (a *AWS) handler(target *url.URL) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, 1<<20))
		if err != nil {
			http.Error(writer, err.Error(), http.StatusBadRequest)
			return
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		// What is no form has no action.
		form, _ := url.ParseQuery(string(body))
		name := action(request, form)
		fault := a.met(name, form)
		switch {
		case fault.Code != "":
			refuse(writer, request, fault)
		case name == "DescribeAccountAttributes":
			answerQuota(writer, fault)
		default:
			a.forward(writer, request, target, fault)
		}
	})
}

// forward asks moto, in this account.
func (a *AWS) forward(writer http.ResponseWriter, request *http.Request, target *url.URL, fault Fault) {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Set("X-Moto-Account-Id", a.Account)
			r.Out.Header.Set("Accept-Encoding", "identity")
		},
		ModifyResponse: func(response *http.Response) error {
			if fault.Lose {
				panic(http.ErrAbortHandler)
			}
			if fault.Rewrite == nil {
				return nil
			}
			text, err := io.ReadAll(response.Body)
			if err != nil {
				return err
			}
			changed := fault.Rewrite(string(text))
			response.Body, response.ContentLength = io.NopCloser(strings.NewReader(changed)), int64(len(changed))
			response.Header.Set("Content-Length", strconv.Itoa(len(changed)))
			return nil
		},
	}
	proxy.ServeHTTP(writer, request)
}

// refuse answers an error in the form of the service's protocol.
func refuse(writer http.ResponseWriter, request *http.Request, fault Fault) {
	status := cmp.Or(fault.Status, http.StatusBadRequest)
	if request.Header.Get("X-Amz-Target") != "" {
		writer.Header().Set("X-Amzn-Requestid", "request-1")
		writer.WriteHeader(status)
		_ = json.NewEncoder(writer).Encode(map[string]string{"__type": fault.Code, "message": fault.Message})
		return
	}
	writer.WriteHeader(status)
	fmt.Fprintf(writer, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>request-1</RequestId></ErrorResponse>",
		fault.Code, fault.Message)
}

// answerQuota answers what moto does not: how many manual snapshots there are in the region, 3 of 100.
func answerQuota(writer http.ResponseWriter, fault Fault) {
	body := "<DescribeAccountAttributesResponse><DescribeAccountAttributesResult><AccountQuotas>" +
		"<AccountQuota><AccountQuotaName>DBInstances</AccountQuotaName><Used>40</Used><Max>40</Max></AccountQuota>" +
		"<AccountQuota><AccountQuotaName>ManualSnapshots</AccountQuotaName><Used>3</Used><Max>100</Max></AccountQuota>" +
		"</AccountQuotas></DescribeAccountAttributesResult></DescribeAccountAttributesResponse>"
	if fault.Rewrite != nil {
		body = fault.Rewrite(body)
	}
	_, _ = io.WriteString(writer, body)
}
