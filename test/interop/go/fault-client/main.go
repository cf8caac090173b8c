// Calls a server with grpc-go or net/http, as it is told line by line: see scripts/fault-clients/session.js.
//
// Usage: fault-client grpc|rest <host:port> [<milliseconds between keepalive pings>]
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// What is to be called, and by when it has to be over.
type order struct {
	Fault      string          `json:"fault"`
	DeadlineMs int             `json:"deadlineMs"`
	Request    json.RawMessage `json:"request"`
}

// What the program that called would have seen.
type outcome struct {
	Status  string  `json:"status"`
	Message string  `json:"message"`
	Ms      float64 `json:"ms"`
	Answer  string  `json:"answer,omitempty"`
}

type caller func(ctx context.Context, one order) (status, message, answer string)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: fault-client grpc|rest <host:port> [<milliseconds>]"))
	}
	call, name, version := overRest(os.Args[2]), "net/http", runtime.Version()[2:]
	if os.Args[1] == "grpc" {
		keepaliveMs := 0
		if len(os.Args) > 3 {
			keepaliveMs, _ = strconv.Atoi(os.Args[3])
		}
		call, name, version = overGrpc(os.Args[2], keepaliveMs), "grpc-go", grpc.Version
	}
	print(map[string]string{"client": name, "version": version})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var one order
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			fail(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(one.DeadlineMs)*time.Millisecond)
		start := time.Now()
		status, message, answer := call(ctx, one)
		cancel()
		print(outcome{status, message, float64(time.Since(start).Microseconds()) / 1000, answer})
	}
}

func overGrpc(target string, keepaliveMs int) caller {
	file := inferenceFile()
	options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	if keepaliveMs > 0 {
		interval := time.Duration(keepaliveMs) * time.Millisecond
		options = append(options, grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: interval, Timeout: time.Second}))
	}
	connection, err := grpc.NewClient("passthrough:///"+target, options...)
	if err != nil {
		fail(err)
	}
	return func(ctx context.Context, one order) (string, string, string) {
		if one.Fault != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "x-kserve-env-fault", one.Fault)
		}
		request := dynamicpb.NewMessage(file.Messages().ByName("ModelInferRequest"))
		if err := protojson.Unmarshal(one.Request, request); err != nil {
			fail(err)
		}
		answer := dynamicpb.NewMessage(file.Messages().ByName("ModelInferResponse"))
		if err := connection.Invoke(ctx, "/inference.GRPCInferenceService/ModelInfer", request, answer); err != nil {
			return codeName(status.Code(err)), status.Convert(err).Message(), ""
		}
		// The same answer has the same bytes: protojson puts spaces in at random.
		bytes, _ := proto.MarshalOptions{Deterministic: true}.Marshal(answer)
		return "OK", "", base64.StdEncoding.EncodeToString(bytes)
	}
}

func overRest(host string) caller {
	client := &http.Client{}
	return func(ctx context.Context, one order) (string, string, string) {
		url := "http://" + host + "/v2/models/simple_scaler/infer"
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(one.Request))
		if err != nil {
			fail(err)
		}
		request.Header.Set("content-type", "application/json")
		if one.Fault != "" {
			request.Header.Set("x-kserve-env-fault", one.Fault)
		}
		response, err := client.Do(request)
		if err != nil {
			return "error", err.Error(), ""
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return "error", err.Error(), ""
		}
		var answer map[string]any
		if err := json.Unmarshal(body, &answer); err != nil {
			return "error", err.Error(), ""
		}
		message, _ := answer["error"].(string)
		same, _ := json.Marshal(answer)
		return strconv.Itoa(response.StatusCode), message, string(same)
	}
}

// The protocol's file, which whoever starts this program hands over: so there is no generated code.
func inferenceFile() protoreflect.FileDescriptor {
	bytes, err := base64.StdEncoding.DecodeString(os.Getenv("FAULT_CLIENT_PROTO"))
	if err != nil {
		fail(err)
	}
	description := &descriptorpb.FileDescriptorProto{}
	if err := proto.Unmarshal(bytes, description); err != nil {
		fail(err)
	}
	file, err := protodesc.NewFile(description, nil)
	if err != nil {
		fail(err)
	}
	return file
}

// UNAVAILABLE, as all other languages write it.
func codeName(code codes.Code) string {
	for name, number := range names {
		if number == code {
			return name
		}
	}
	return code.String()
}

var names = map[string]codes.Code{
	"CANCELLED": codes.Canceled, "UNKNOWN": codes.Unknown, "INVALID_ARGUMENT": codes.InvalidArgument,
	"DEADLINE_EXCEEDED": codes.DeadlineExceeded, "NOT_FOUND": codes.NotFound, "ALREADY_EXISTS": codes.AlreadyExists,
	"PERMISSION_DENIED": codes.PermissionDenied, "RESOURCE_EXHAUSTED": codes.ResourceExhausted,
	"FAILED_PRECONDITION": codes.FailedPrecondition, "ABORTED": codes.Aborted, "OUT_OF_RANGE": codes.OutOfRange,
	"UNIMPLEMENTED": codes.Unimplemented, "INTERNAL": codes.Internal, "UNAVAILABLE": codes.Unavailable,
	"DATA_LOSS": codes.DataLoss, "UNAUTHENTICATED": codes.Unauthenticated,
}

func print(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(line))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
