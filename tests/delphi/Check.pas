{ What the Pascal tests share: checks, the error that a call must raise, and servers that do little. }
unit Check;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}

interface

uses
  SysUtils, Classes, SyncObjs, Sockets, Postrider;

type
  TTest = procedure;

  { Raised by events, to come out of the call. }
  EStop = class(Exception);

  { Keeps the document of a sign-in for as long as the program runs. }
  TMemoryStore = class(TPostriderStore)
  public
    Document: TPostriderString;
    function Load(const Name: TPostriderString): TPostriderString; override;
    procedure Save(const Name, ADocument: TPostriderString); override;
    procedure Delete(const Name: TPostriderString); override;
  end;

  { What an EPostrider says. }
  TFailure = record
    Status: Integer;
    Text: TPostriderString;
    Cause: TPostriderString;
  end;

  { A port of 127.0.0.1 at which nobody listens. }
  TClosedPort = class
  private
    FSocket: Integer;
    FPort: Integer;
  public
    constructor Create;
    destructor Destroy; override;
    property Port: Integer read FPort;
  end;

  { A server that greets everybody and then says nothing more. }
  THalfServer = class(TClosedPort)
  private
    FThread: TThread;
  public
    constructor Create;
    destructor Destroy; override;
  end;

  { Another thread that waits for its sign and then does its work: cancels or frees something. }
  TOther = class(TThread)
  private
    FWork: TThreadMethod;
  protected
    procedure Execute; override;
  public
    Sign: TEvent;
    constructor Create(Work: TThreadMethod);
    destructor Destroy; override;
  end;

procedure Run(const Name: string; Test: TTest);
procedure Verify(Condition: Boolean; const What: string);
{ Calls what must raise an EPostrider. }
function Failure(Call: TTest): TFailure;
{ Sends, which must fail; gives the status. }
function FailedWith(Mail: TPostriderMail): Integer;
{ A mail that lacks nothing but a server. }
function CompleteMail(Port: Integer): TPostriderMail;
{ An account that lacks nothing but a sign-in. It asks nobody: every address is known, and nobody
  listens there. }
function OfflineAccount: TPostriderAccount;
function BeginsWith(const Text, Start: TPostriderString): Boolean;
{ Through no code page: Windows keeps UTF-16, and the tests speak UTF-8, whatever the locale is. }
function Environment(const Name: TPostriderString): TPostriderString;
{ What the variable RIG_<Name> tells of a real server. }
function Rig(const Name: string): TPostriderString;

implementation

uses
  {$IFDEF MSWINDOWS}Windows,{$ENDIF} PostriderApi;

procedure Run(const Name: string; Test: TTest);
begin
  Test;
  WriteLn('ok ', Name);
  Flush(Output);
end;

procedure Verify(Condition: Boolean; const What: string);
begin
  if not Condition then
    raise Exception.Create('failed: ' + What);
end;

function Failure(Call: TTest): TFailure;
begin
  try
    Call;
  except
    on E: EPostrider do
    begin
      Verify((E.Text <> '') and (E.Cause <> '') and (E.Advice <> ''), 'an error without words');
      Result.Status := E.Status;
      Result.Text := E.Text;
      Result.Cause := E.Cause;
      Exit;
    end;
  end;
  raise Exception.Create('failed: nothing was refused');
end;

function FailedWith(Mail: TPostriderMail): Integer;
begin
  try
    Mail.Send;
  except
    on E: EPostrider do
    begin
      Verify(E.Text <> '', 'an error without a text');
      Result := E.Status;
      Exit;
    end;
  end;
  raise Exception.Create('failed: Send has not failed');
end;

function CompleteMail(Port: Integer): TPostriderMail;
begin
  Result := TPostriderMail.Create;
  Result.SetServer('127.0.0.1', Port);
  Result.SetSecurity(MAIL_SECURITY_PLAIN);
  Result.SetTimeout(60000); { far more than any test takes }
  Result.SetFrom('anna@example.org');
  Result.AddRecipient('bob@example.org');
  Result.SetText('Hello');
end;

function OfflineAccount: TPostriderAccount;
const
  Providers = '{"custom": {"title": "Example", "scopes": {"delegated": ["mail"]},' +
    '"endpoints": {"authorize": "http://127.0.0.1:9/authorize",' +
    '"token": "http://127.0.0.1:9/token"}, "redirect": "http://127.0.0.1:{port}/"}}';
begin
  Result := TPostriderAccount.Create('custom', Providers);
  Result.SetClient('client');
  Result.SetUser('anna@example.org');
  Result.AllowBrowser(False);
end;

function BeginsWith(const Text, Start: TPostriderString): Boolean;
begin
  Result := Copy(Text, 1, Length(Start)) = Start;
end;

function Environment(const Name: TPostriderString): TPostriderString;
begin
  {$IFDEF MSWINDOWS}
  SetLength(Result, GetEnvironmentVariableW(PWideChar(Name), nil, 0));
  SetLength(Result, GetEnvironmentVariableW(PWideChar(Name), PWideChar(Result), Length(Result)));
  {$ELSE}
  Result := UTF8Decode(GetEnvironmentVariable(string(Name)));
  {$ENDIF}
end;

function Rig(const Name: string): TPostriderString;
begin
  Result := Environment(TPostriderString('RIG_' + Name));
  Verify(Result <> '', 'RIG_' + Name + ' is not set');
end;

{ ---- TMemoryStore ---- }

function TMemoryStore.Load(const Name: TPostriderString): TPostriderString;
begin
  Result := Document;
end;

procedure TMemoryStore.Save(const Name, ADocument: TPostriderString);
begin
  Document := ADocument;
end;

procedure TMemoryStore.Delete(const Name: TPostriderString);
begin
  Document := '';
end;

{ ---- TClosedPort ---- }

constructor TClosedPort.Create;
var
  Address: TInetSockAddr;
  Size: TSockLen;
begin
  inherited Create;
  FSocket := fpSocket(AF_INET, SOCK_STREAM, 0);
  FillChar(Address, SizeOf(Address), 0);
  Address.sin_family := AF_INET;
  Address.sin_addr := StrToNetAddr('127.0.0.1');
  Size := SizeOf(Address);
  Verify(fpBind(FSocket, @Address, Size) = 0, 'bind');
  Verify(fpGetSockName(FSocket, @Address, @Size) = 0, 'getsockname');
  FPort := NToHs(Address.sin_port);
end;

destructor TClosedPort.Destroy;
begin
  CloseSocket(FSocket);
  inherited Destroy;
end;

{ ---- THalfServer ---- }

type
  TGreeter = class(TThread)
  private
    FListener: Integer;
  protected
    procedure Execute; override;
  end;

procedure TGreeter.Execute;
const
  Greeting: AnsiString = '220 half.example ESMTP'#13#10;
var
  Connections: array of Integer;
  Connection, I: Integer;
begin
  Connections := nil;
  repeat
    Connection := fpAccept(FListener, nil, nil);
    if Connection >= 0 then
    begin
      fpSend(Connection, PAnsiChar(Greeting), Length(Greeting), 0);
      SetLength(Connections, Length(Connections) + 1);
      Connections[Length(Connections) - 1] := Connection;
    end;
  until Connection < 0;
  for I := 0 to Length(Connections) - 1 do
    CloseSocket(Connections[I]);
end;

constructor THalfServer.Create;
begin
  inherited Create;
  Verify(fpListen(FSocket, 8) = 0, 'listen');
  FThread := TGreeter.Create(True);
  TGreeter(FThread).FListener := FSocket;
  FThread.Start;
end;

destructor THalfServer.Destroy;
begin
  { Wakes accept, on each system in another way. }
  {$IFDEF MSWINDOWS}
  CloseSocket(FSocket);
  {$ELSE}
  fpShutdown(FSocket, 2);
  {$ENDIF}
  FThread.WaitFor;
  FThread.Free;
  inherited Destroy;
end;

{ ---- TOther ---- }

constructor TOther.Create(Work: TThreadMethod);
begin
  Sign := TEvent.Create(nil, True, False, '');
  FWork := Work;
  inherited Create(False);
end;

destructor TOther.Destroy;
begin
  WaitFor;
  Sign.Free;
  inherited Destroy;
end;

procedure TOther.Execute;
begin
  { Without a sign, what was to be ended runs into its timeout, and the test fails. }
  if Sign.WaitFor(30000) = wrSignaled then
    FWork;
end;

end.
