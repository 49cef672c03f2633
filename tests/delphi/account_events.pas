{ Accounts without anybody who signs in: their events raise, cancel and free, and give tokens; a store
  of the program keeps the sign-in. }
program account_events;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}
{$IFDEF MSWINDOWS}{$APPTYPE CONSOLE}{$ENDIF}

uses
  {$IFDEF UNIX}cthreads,{$ENDIF} SysUtils, Classes, PostriderApi, Postrider, Check;

type
  { Its events; Calls counts them. }
  THost = class
  public
    Calls, Lifetime: Integer;
    Token, Url, UserCode, Text: TPostriderString;
    ExpiresIn: Integer;
    Other: TOther;
    procedure FreeAccount;
    procedure ShowAndCancel(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
      AExpiresIn: Integer);
    procedure RaiseAtSignIn(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
      AExpiresIn: Integer);
    procedure GiveSign(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
      AExpiresIn: Integer);
    procedure FreeIt(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
      AExpiresIn: Integer);
    procedure GiveToken(Sender: TObject; var AToken: TPostriderString; var ValidSeconds: Integer);
    procedure RaiseAtToken(Sender: TObject; var AToken: TPostriderString;
      var ValidSeconds: Integer);
    procedure SignInAtGreeting(Sender: TObject; const Line: TPostriderString);
  end;

  { Counts what was asked for. FailAt: which operation raises. }
  TTestStore = class(TMemoryStore)
  public
    Name: TPostriderString;
    FailAt, Locks, Unlocks: Integer;
    Busy: Boolean;
    procedure Asked(Operation: Integer; const AName: TPostriderString);
    function Load(const AName: TPostriderString): TPostriderString; override;
    procedure Save(const AName, ADocument: TPostriderString); override;
    procedure Delete(const AName: TPostriderString); override;
    function Lock(const AName: TPostriderString): Boolean; override;
    procedure Unlock(const AName: TPostriderString); override;
  end;

var
  Host: THost;
  Account: TPostriderAccount;
  Mail: TPostriderMail;
  Store: TTestStore;

{ The message of the EStop that Work raises, long before anything runs out of time. }
function StoppedBy(Work: TTest): string;
var
  Start: TDateTime;
begin
  Result := 'nothing';
  Start := Now;
  try
    Work;
  except
    on E: EStop do
      Result := E.Message;
  end;
  Verify((Now - Start) * 86400 < 30, 'it went on');
end;

{ ---- The events ---- }

procedure THost.FreeAccount;
begin
  mail_account_free(Account.Handle);
end;

procedure THost.ShowAndCancel(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
  AExpiresIn: Integer);
begin
  Verify(Sender = Account, 'Sender');
  Inc(Calls);
  Url := AUrl;
  UserCode := AUserCode;
  Text := AText;
  ExpiresIn := AExpiresIn;
  Account.Cancel;
end;

procedure THost.RaiseAtSignIn(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
  AExpiresIn: Integer);
begin
  raise EStop.Create('from OnSignIn');
end;

procedure THost.GiveSign(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
  AExpiresIn: Integer);
begin
  Other.Sign.SetEvent;
end;

procedure THost.FreeIt(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
  AExpiresIn: Integer);
begin
  FreeAccount;
end;

procedure THost.GiveToken(Sender: TObject; var AToken: TPostriderString;
  var ValidSeconds: Integer);
begin
  Verify((Sender = Account) and (AToken = '') and (ValidSeconds = 0), 'what an event is given');
  Inc(Calls);
  AToken := Token;
  ValidSeconds := Lifetime;
end;

procedure THost.RaiseAtToken(Sender: TObject; var AToken: TPostriderString;
  var ValidSeconds: Integer);
begin
  raise EStop.Create('from OnToken');
end;

procedure SignIn;
begin
  Account.SignIn(60000);
end;

procedure THost.SignInAtGreeting(Sender: TObject; const Line: TPostriderString);
begin
  if BeginsWith(Line, 'S: 220') and (StoppedBy(SignIn) = 'from OnSignIn') then
    Inc(Calls);
end;

{ ---- The store ---- }

procedure TTestStore.Asked(Operation: Integer; const AName: TPostriderString);
begin
  Verify((Length(AName) = 32) and ((Name = '') or (Name = AName)), 'the name of the document');
  Name := AName;
  if FailAt = Operation then
    raise EStop.Create('from the store');
end;

function TTestStore.Load(const AName: TPostriderString): TPostriderString;
begin
  Asked(MAIL_STORE_OPERATION_LOAD, AName);
  Result := inherited Load(AName);
end;

procedure TTestStore.Save(const AName, ADocument: TPostriderString);
begin
  Asked(MAIL_STORE_OPERATION_SAVE, AName);
  inherited;
end;

procedure TTestStore.Delete(const AName: TPostriderString);
begin
  Asked(MAIL_STORE_OPERATION_DELETE, AName);
  inherited;
end;

function TTestStore.Lock(const AName: TPostriderString): Boolean;
begin
  Asked(MAIL_STORE_OPERATION_LOCK, AName);
  Result := not Busy;
  if Result then
    Inc(Locks);
end;

procedure TTestStore.Unlock(const AName: TPostriderString);
begin
  Inc(Unlocks);
  Asked(MAIL_STORE_OPERATION_UNLOCK, AName);
end;

{ ---- Calls that fail ---- }

procedure CheckIt;
begin
  Account.CheckSignIn;
end;

procedure Fetch;
begin
  Account.FetchToken;
end;

procedure SignOut;
begin
  Account.SignOut;
end;

procedure Send;
begin
  Mail.Send;
end;

procedure SetRefreshToken;
begin
  Account.SetRefreshToken('refresh');
end;

{ ---- OnSignIn ---- }

procedure ThePersonIsShownWhereToSignIn;
begin
  Account.OnSignIn := Host.ShowAndCancel;
  Verify(Failure(SignIn).Status = MAIL_STATUS_CANCELLED, 'status');
  Verify(Host.Calls = 1, 'calls');
  Verify(BeginsWith(Host.Url, 'http://127.0.0.1:9/authorize?'), 'url');
  Verify(Host.UserCode = '', 'user code');
  Verify(Pos('Example', string(Host.Text)) > 0, 'text');
  Verify(Host.ExpiresIn = 60, 'time');
  Account.OnSignIn := nil;
  Account.BeginSignIn;
  Verify(BeginsWith(Account.SignInUrl, 'http://127.0.0.1:9/authorize?'), 'url in halves');
  Verify(Account.SignInMessage = Host.Text, 'text in halves');
  Verify(not Account.PollSignIn, 'nobody has signed in');
  Account.Cancel;
  Verify(Account.SignInUrl = '', 'cancelled');
  Verify(Host.Calls = 1, 'a removed event runs no more');
end;

procedure AnExceptionInOnSignInEndsTheSignIn;
begin
  Account.OnSignIn := Host.RaiseAtSignIn;
  Verify(StoppedBy(SignIn) = 'from OnSignIn', 'exception');
  Account.OnSignIn := Host.ShowAndCancel;
  Verify(Failure(SignIn).Status = MAIL_STATUS_CANCELLED, 'the next sign-in');
end;

procedure AnExceptionInOnSignInEndsTheSend;
begin
  Account.AllowInteractive(True);
  Account.OnSignIn := Host.RaiseAtSignIn;
  Mail := CompleteMail(9);
  Mail.SetAccount(Account);
  Verify(StoppedBy(Send) = 'from OnSignIn', 'exception');
  Account.AllowInteractive(False);
  Verify(FailedWith(Mail) = MAIL_STATUS_NEEDS_SIGN_IN, 'the next send');
  Mail.Free;
end;

procedure AnExceptionInOnSignInEndsNoSendAroundIt;
var
  Server: THalfServer;
begin
  Server := THalfServer.Create;
  Account.OnSignIn := Host.RaiseAtSignIn;
  Mail := CompleteMail(Server.Port);
  Mail.SetTimeout(1000);
  Mail.OnLog := Host.SignInAtGreeting;
  Verify(FailedWith(Mail) = MAIL_STATUS_TIMEOUT, 'status');
  Verify(Host.Calls = 1, 'the sign-in in the event');
  Mail.Free;
  Server.Free;
end;

procedure AnotherThreadMayCancel;
begin
  Host.Other := TOther.Create(Account.Cancel);
  Account.OnSignIn := Host.GiveSign;
  Verify(Failure(SignIn).Status = MAIL_STATUS_CANCELLED, 'status');
  Host.Other.Free;
end;

procedure AnotherThreadMayFree;
begin
  Host.Other := TOther.Create(Host.FreeAccount);
  Account.OnSignIn := Host.GiveSign;
  { The words of the error went with the account. }
  try
    Account.SignIn(60000);
    Verify(False, 'signed in');
  except
    on E: EPostrider do
      Verify((E.Status = MAIL_STATUS_CANCELLED) and (E.Text <> ''), 'status');
  end;
  Host.Other.Free;
  Verify(Failure(CheckIt).Status = MAIL_STATUS_INVALID_HANDLE, 'afterwards');
end;

procedure AnEventMayFree;
begin
  Account.OnSignIn := Host.FreeIt;
  try
    Account.SignIn(60000);
    Verify(False, 'signed in');
  except
    on E: EPostrider do
      Verify(E.Status = MAIL_STATUS_CANCELLED, 'status');
  end;
end;

{ ---- OnToken ---- }

procedure TokensComeFromTheProgram;
begin
  Account.OnToken := nil;
  Verify(Failure(Fetch).Status = MAIL_STATUS_NEEDS_SIGN_IN, 'nil where nothing was set');
  Host.Token := 'first';
  Host.Lifetime := 3600;
  Account.OnToken := Host.GiveToken;
  Account.FetchToken;
  Account.FetchToken;
  Verify((Host.Calls = 1) and (Account.AccessToken = 'first'), 'a kept token');
  Verify(Abs(Account.TokenExpiresAt - Now) < 1.5, 'its end');
  Verify(Frac(Account.TokenExpiresAt) <> 0, 'its time of day');
  Host.Lifetime := 0;
  Host.Token := 'once';
  Account.OnToken := Host.GiveToken; { the kept one is forgotten }
  Account.FetchToken;
  Account.FetchToken;
  Verify((Host.Calls = 3) and (Account.AccessToken = 'once'), 'a token for once');
end;

procedure ATokenThatIsNoneIsRefused;
begin
  Account.OnToken := Host.GiveToken;
  Host.Token := '';
  Verify(Failure(Fetch).Status = MAIL_STATUS_TOKEN, 'no token');
  Verify(Failure(Fetch).Cause = 'token_not_supplied', 'cause');
  Host.Token := 'a'#10'b';
  Verify(Failure(Fetch).Status = MAIL_STATUS_TOKEN, 'a line end');
  Host.Token := 'a'#0'b';
  Verify(Failure(Fetch).Status = MAIL_STATUS_INVALID_ARGUMENT, 'NUL');
  Host.Token := TPostriderString(StringOfChar('a', 65536));
  Verify(Failure(Fetch).Status = MAIL_STATUS_INVALID_ARGUMENT, 'too long');
  Verify(Failure(Fetch).Text = 'token is too long', 'text');
  Host.Token := TPostriderString(StringOfChar('a', 65535));
  Account.FetchToken;
  Verify(Account.AccessToken = Host.Token, 'the longest');
  Account.OnToken := nil;
  Verify(Failure(Fetch).Status = MAIL_STATUS_TOKEN, 'removed');
end;

procedure AnExceptionInOnTokenComesOut;
begin
  Account.OnToken := Host.RaiseAtToken;
  Verify(StoppedBy(Fetch) = 'from OnToken', 'exception');
  Mail := CompleteMail(9);
  Mail.SetAccount(Account);
  Verify(StoppedBy(Send) = 'from OnToken', 'exception from a send');
  Verify(Mail.LastResult.Outcome = MAIL_OUTCOME_NOT_SENT, 'outcome');
  Host.Token := 'good';
  Account.OnToken := Host.GiveToken;
  Account.FetchToken;
  Mail.Free;
end;

procedure AMailOutlivesItsAccount;
var
  Closed: TClosedPort;
begin
  Closed := TClosedPort.Create;
  Host.Token := 'good';
  Account.OnToken := Host.GiveToken;
  Mail := CompleteMail(Closed.Port);
  Mail.SetAccount(Account);
  Verify(FailedWith(Mail) = MAIL_STATUS_CONNECT, 'with a token');
  Verify(Host.Calls = 1, 'calls');
  Host.Lifetime := 3600;
  Verify(FailedWith(Mail) = MAIL_STATUS_CONNECT, 'with a token that stays');
  Host.FreeAccount;
  Verify(FailedWith(Mail) = MAIL_STATUS_CONNECT, 'the token has stayed');
  Verify(Host.Calls = 2, 'an event after Free');
  Mail.Free;
  Closed.Free;
end;

{ ---- The store ---- }

procedure AStoreOfTheProgramKeepsTheSignIn;
var
  Token: TPostriderString;
begin
  { The first room of the library has 16 KB. }
  Token := TPostriderString(StringOfChar('r', 40000));
  Account.SetUser(WideChar($00FC) + TPostriderString('@example.org'));
  Account.SetStore(Store);
  Verify(Failure(CheckIt).Status = MAIL_STATUS_NEEDS_SIGN_IN, 'an empty store');
  Account.SetRefreshToken(Token);
  Verify(Pos(Token, Store.Document) > 0, 'the document');
  Verify(Pos(WideChar($00FC), Store.Document) > 0, 'a letter in the document');
  Account.Free;

  Account := OfflineAccount;
  Account.SetUser(WideChar($00FC) + TPostriderString('@example.org'));
  Account.SetStore(Store);
  Account.CheckSignIn;
  Verify((Store.Locks > 0) and (Store.Locks = Store.Unlocks), 'locks');
  Account.SetStore(nil);
  Verify(Failure(CheckIt).Status = MAIL_STATUS_NEEDS_SIGN_IN, 'the memory');
  Account.SetStore(Store);
  Account.SignOut;
  Verify(Store.Document = '', 'signed out');
  Verify(Failure(CheckIt).Status = MAIL_STATUS_NEEDS_SIGN_IN, 'after that');
end;

procedure AnExceptionInTheStoreComesOut;
begin
  Account.SetStore(Store);
  Account.SetRefreshToken('refresh');
  Store.FailAt := MAIL_STORE_OPERATION_LOAD;
  Verify(StoppedBy(CheckIt) = 'from the store', 'load');
  Store.FailAt := MAIL_STORE_OPERATION_SAVE;
  Verify(StoppedBy(SetRefreshToken) = 'from the store', 'save');
  Verify(Store.Locks = Store.Unlocks, 'the lock was not given back');
  Store.FailAt := MAIL_STORE_OPERATION_DELETE;
  Verify(StoppedBy(SignOut) = 'from the store', 'delete');
  Store.FailAt := MAIL_STORE_OPERATION_LOCK;
  Verify(StoppedBy(SetRefreshToken) = 'from the store', 'lock');
  Store.FailAt := MAIL_STORE_OPERATION_UNLOCK;
  Verify(StoppedBy(SetRefreshToken) = 'from the store', 'unlock');
  Store.FailAt := -1;
  Account.SetRefreshToken('refresh');
  Account.CheckSignIn;
end;

procedure AStoreThatAnotherProcessHoldsIsWaitedFor;
begin
  Store.Busy := True;
  Account.SetStore(Store);
  Account.SetTimeout(200);
  Verify(Failure(SetRefreshToken).Status = MAIL_STATUS_TIMEOUT, 'status');
  Verify((Store.Locks = 0) and (Store.Unlocks = 0), 'locks');
  Store.Busy := False;
  Account.SetRefreshToken('refresh');
end;

{ Runs one test with an account, a store and handlers of its own. }
procedure RunFresh(const Name: string; Test: TTest);
begin
  Host := THost.Create;
  Store := TTestStore.Create;
  Store.FailAt := -1;
  Account := OfflineAccount;
  Run(Name, Test);
  Account.Free;
  Store.Free;
  Host.Free;
end;

begin
  RunFresh('ThePersonIsShownWhereToSignIn', ThePersonIsShownWhereToSignIn);
  RunFresh('AnExceptionInOnSignInEndsTheSignIn', AnExceptionInOnSignInEndsTheSignIn);
  RunFresh('AnExceptionInOnSignInEndsTheSend', AnExceptionInOnSignInEndsTheSend);
  RunFresh('AnExceptionInOnSignInEndsNoSendAroundIt', AnExceptionInOnSignInEndsNoSendAroundIt);
  RunFresh('AnotherThreadMayCancel', AnotherThreadMayCancel);
  RunFresh('AnotherThreadMayFree', AnotherThreadMayFree);
  RunFresh('AnEventMayFree', AnEventMayFree);
  RunFresh('TokensComeFromTheProgram', TokensComeFromTheProgram);
  RunFresh('ATokenThatIsNoneIsRefused', ATokenThatIsNoneIsRefused);
  RunFresh('AnExceptionInOnTokenComesOut', AnExceptionInOnTokenComesOut);
  RunFresh('AMailOutlivesItsAccount', AMailOutlivesItsAccount);
  RunFresh('AStoreOfTheProgramKeepsTheSignIn', AStoreOfTheProgramKeepsTheSignIn);
  RunFresh('AnExceptionInTheStoreComesOut', AnExceptionInTheStoreComesOut);
  RunFresh('AStoreThatAnotherProcessHoldsIsWaitedFor', AStoreThatAnotherProcessHoldsIsWaitedFor);
end.
