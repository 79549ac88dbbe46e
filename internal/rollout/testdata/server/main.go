// Command server is the application in the tests' images. It needs nothing but the kernel: the images are empty but for it.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	behaviour := os.Getenv("BEHAVIOUR")
	if len(os.Args) > 1 {
		healthcheck(behaviour)
		return
	}
	switch behaviour {
	case "exit":
		fmt.Println("settings:", os.Getenv("DATABASE_URL"))
		fmt.Fprintln(os.Stderr, "cannot start: \x1b[31mno such table")
		os.Exit(1)
	case "slow":
		time.Sleep(150 * time.Millisecond)
	case "lingering":
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		go func() {
			<-asked
			time.Sleep(200 * time.Millisecond)
			os.Exit(0)
		}()
	}
	listener, err := net.Listen("tcp", ":8080")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for {
		connection, err := listener.Accept()
		if err == nil {
			go answer(connection)
		}
	}
}

func answer(connection net.Conn) {
	defer connection.Close()
	for lines := bufio.NewScanner(connection); lines.Scan() && lines.Text() != ""; {
		continue
	}
	page := os.Getenv("VERSION") + " " + os.Getenv("SETTING")
	fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(page), page)
}

func healthcheck(behaviour string) {
	connection, err := net.Dial("tcp", "127.0.0.1:8080")
	if err != nil || behaviour == "sick" {
		fmt.Println("the heroes are ill", os.Getenv("DATABASE_URL"))
		os.Exit(1)
	}
	fmt.Fprint(connection, "GET / HTTP/1.1\r\n\r\n")
	if page, _ := io.ReadAll(connection); !strings.Contains(string(page), "200 OK") {
		os.Exit(1)
	}
}
