{ Accounts without anybody who signs in: wrong use, events that raise, cancel and free, and a store of
  the program. }
program accounts;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}
{$IFDEF MSWINDOWS}{$APPTYPE CONSOLE}{$ENDIF}

uses
  {$IFDEF UNIX}cthreads,{$ENDIF} SysUtils, Classes, PostriderApi, Postrider, Check;

type
  EStop = class(Exception);

  { Its events; Calls counts them. }
  THost = class
  public
    Calls, Lifetime, Status: Integer;
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

  { Documents in memory, and what was asked for. FailAt: which operation raises. }
  TTestStore = class(TPostriderStore)
  public
    Name, Document: TPostriderString;
    FailAt, Locks, Unlocks: Integer;
    Busy: Boolean;
    procedure Asked(Operation: Integer; const AName: TPostriderString);
    function Load(const AName: TPostriderString): TPostriderString; override;
    procedure Save(const AName, ADocument: TPostriderString); override;
    procedure Delete(const AName: TPostriderString); override;
    function Lock(const AName: TPostriderString): Boolean; override;
    procedure Unlock(const AName: TPostriderString); override;
  end;

  TWork = procedure;

const
  { Nobody is asked: every address is known, and nobody listens there. }
  Providers = '{"custom": {"title": "Example", "scopes": {"delegated": ["mail"]},' +
    '"endpoints": {"authorize": "http://127.0.0.1:9/authorize",' +
    '"token": "http://127.0.0.1:9/token"}, "redirect": "http://127.0.0.1:{port}/"}}';

var
  Host: THost;
  Account: TPostriderAccount;
  Mail: TPostriderMail;
  Store: TTestStore;
  LastText, LastCause: TPostriderString;

function NewAccount: TPostriderAccount;
begin
  Result := TPostriderAccount.Create('custom', Providers);
  Result.SetClient('client');
  Result.SetUser('anna@example.org');
  Result.AllowBrowser(False);
end;

{ The status of the EPostrider that Work raises. }
function Refused(Work: TWork): Integer;
begin
  try
    Work;
  except
    on E: EPostrider do
    begin
      LastText := E.Text;
      LastCause := E.Cause;
      Verify((E.Text <> '') and (E.Cause <> '') and (E.Advice <> ''), 'an error without words');
      Result := E.Status;
      Exit;
    end;
  end;
  raise Exception.Create('failed: nothing was refused');
end;

{ The message of the EStop that Work raises, long before anything runs out of time. }
function StoppedBy(Work: TWork): string;
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
  Result := Document;
end;

procedure TTestStore.Save(const AName, ADocument: TPostriderString);
begin
  Asked(MAIL_STORE_OPERATION_SAVE, AName);
  Document := ADocument;
end;

procedure TTestStore.Delete(const AName: TPostriderString);
begin
  Asked(MAIL_STORE_OPERATION_DELETE, AName);
  Document := '';
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

{ ---- Wrong use ---- }

procedure UnknownProvider;
begin
  TPostriderAccount.Create('nobody');
end;

procedure BrokenJson;
begin
  TPostriderAccount.Create('custom', '{"custom": ');
end;

procedure NoClient;
begin
  Account.SetClient('');
end;

procedure NoUser;
begin
  Account.SetUser('');
end;

procedure NulInUser;
begin
  Account.SetUser('anna'#0'@example.org');
end;

procedure LoneSurrogate;
begin
  Account.AddScope(TPostriderString('a') + WideChar($D83D));
end;

procedure NoScope;
begin
  Account.AddScope(' ');
end;

procedure NoTime;
begin
  Account.SetTimeout(0);
end;

procedure NoTimeForThePerson;
begin
  Account.SignIn(0);
end;

procedure UnknownProxy;
begin
  Account.SetProxy('ftp://proxy.test');
end;

procedure PasswordWithoutUser;
begin
  Account.SetProxy('env', '', 's3cret');
end;

procedure MissingCa;
begin
  Account.AddCaFile('/no/such/file');
end;

procedure NoPem;
begin
  Account.AddCaPem(nil, 0);
end;

procedure NoKey;
begin
  Account.UseCertificatePem(nil, 0, nil, 0);
end;

procedure NoPfx;
const
  Garbage: AnsiString = 'garbage';
begin
  Account.UseCertificatePfx(Pointer(Garbage), Length(Garbage), '');
end;

procedure NoServiceAccount;
const
  Garbage: AnsiString = 'garbage';
begin
  Account.UseServiceAccount(Pointer(Garbage), Length(Garbage));
end;

procedure NoRefreshToken;
begin
  Account.SetRefreshToken('');
end;

procedure ClientCredentials;
begin
  Account.UseClientCredentials;
end;

procedure ShortPassphrase;
begin
  Account.SetRefreshToken('refresh');
  Account.Export('no-such-file', 'short');
end;

procedure ImportNothing;
begin
  Account.Import('/no/such/file', 'long enough');
end;

procedure Poll;
begin
  Account.PollSignIn;
end;

procedure Complete;
begin
  Account.CompleteSignIn('http://127.0.0.1/?code=1');
end;

procedure OpenBrowser;
begin
  Account.OpenBrowser;
end;

procedure CheckIt;
begin
  Account.CheckSignIn;
end;

procedure Fetch;
begin
  Account.FetchToken;
end;

procedure CancelIt;
begin
  Account.Cancel;
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

procedure AWrongArgumentIsNamed;
begin
  Verify(Refused(UnknownProvider) = MAIL_STATUS_INVALID_ARGUMENT, 'provider');
  Verify(Pos('nobody', string(LastText)) > 0, 'the text names no provider');
  Verify(Refused(BrokenJson) = MAIL_STATUS_INVALID_ARGUMENT, 'JSON');
  Verify(Refused(NoClient) = MAIL_STATUS_INVALID_ARGUMENT, 'client');
  Verify(Pos('client_id', string(LastText)) > 0, 'the text names no client_id');
  Verify(Refused(NoUser) = MAIL_STATUS_INVALID_ARGUMENT, 'user');
  Verify(Refused(NulInUser) = MAIL_STATUS_INVALID_ARGUMENT, 'NUL');
  Verify(LastText = 'user must not contain NUL', 'text of NUL');
  Verify(Refused(LoneSurrogate) = MAIL_STATUS_INVALID_UTF8, 'surrogate');
  Verify(Refused(NoScope) = MAIL_STATUS_INVALID_ARGUMENT, 'scope');
  Verify(Refused(NoTime) = MAIL_STATUS_INVALID_ARGUMENT, 'timeout');
  Verify(Refused(NoTimeForThePerson) = MAIL_STATUS_INVALID_ARGUMENT, 'time for the person');
  Verify(Refused(UnknownProxy) = MAIL_STATUS_INVALID_ARGUMENT, 'proxy');
  Verify(Refused(PasswordWithoutUser) = MAIL_STATUS_NULL_POINTER, 'a password without user');
  Verify(Refused(MissingCa) = MAIL_STATUS_FILE, 'CA file');
  Verify(Refused(NoPem) = MAIL_STATUS_NULL_POINTER, 'PEM');
  Verify(Refused(NoKey) = MAIL_STATUS_NULL_POINTER, 'key');
  Verify(Refused(NoPfx) = MAIL_STATUS_INVALID_ARGUMENT, 'PFX');
  Verify(Refused(NoServiceAccount) = MAIL_STATUS_INVALID_ARGUMENT, 'service account');
  Verify(Refused(NoRefreshToken) = MAIL_STATUS_INVALID_ARGUMENT, 'refresh token');
  Verify(Refused(ClientCredentials) = MAIL_STATUS_UNSUPPORTED, 'client credentials');
  Verify(Refused(ShortPassphrase) = MAIL_STATUS_INVALID_ARGUMENT, 'passphrase');
  Verify(Refused(ImportNothing) = MAIL_STATUS_STORE, 'import');
end;

procedure WithoutASignInThereIsNothingToGoOnWith;
begin
  Verify(Refused(CheckIt) = MAIL_STATUS_NEEDS_SIGN_IN, 'check');
  Verify(LastCause = 'needs_sign_in', 'cause');
  Verify(Refused(Fetch) = MAIL_STATUS_NEEDS_SIGN_IN, 'fetch');
  Verify(Refused(Poll) = MAIL_STATUS_NEEDS_SIGN_IN, 'poll');
  Verify(LastCause = 'sign_in_not_begun', 'cause of poll');
  Verify(Refused(Complete) = MAIL_STATUS_NEEDS_SIGN_IN, 'complete');
  Verify(Refused(OpenBrowser) = MAIL_STATUS_NEEDS_SIGN_IN, 'browser');
  Verify(Account.SignInUrl + Account.SignInCompleteUrl + Account.SignInUserCode +
    Account.SignInMessage = '', 'what to show');
  Verify(Account.SignInExpiresIn = 0, 'how long');
  Verify(Account.AccessToken + Account.TokenScopes + Account.Address + Account.UserName = '',
    'token');
  Verify(Account.TokenExpiresAt = 0, 'end of the token');
  Account.SignOut;
  Mail := CompleteMail(9);
  Mail.SetAccount(Account);
  Verify(FailedWith(Mail) = MAIL_STATUS_NEEDS_SIGN_IN, 'send');
  Mail.Free;
end;

procedure AFreedAccountIsAnError;
var
  Status: Integer;
begin
  Mail := CompleteMail(9);
  Verify(mail_account_cancel(Mail.Handle) = MAIL_STATUS_INVALID_HANDLE, 'a mail is no account');
  Verify(mail_cancel(Account.Handle) = MAIL_STATUS_INVALID_HANDLE, 'an account is no mail');
  Host.FreeAccount;
  Verify(Refused(CheckIt) = MAIL_STATUS_INVALID_HANDLE, 'check');
  Verify(Refused(CancelIt) = MAIL_STATUS_INVALID_HANDLE, 'cancel');
  Verify(Refused(SignIn) = MAIL_STATUS_INVALID_HANDLE, 'sign in');
  Verify(Account.AccessToken = '', 'token');
  Status := 0;
  try
    Mail.SetAccount(Account);
  except
    on E: EPostrider do
      Status := E.Status;
  end;
  Verify(Status = MAIL_STATUS_INVALID_HANDLE, 'freed');
  Status := 0;
  try
    Mail.SetAccount(nil);
  except
    on E: EPostrider do
      Status := E.Status;
  end;
  Verify(Status = MAIL_STATUS_INVALID_HANDLE, 'nil');
  Mail.Free;
end;

{ ---- OnSignIn ---- }

procedure ThePersonIsShownWhereToSignIn;
begin
  Account.OnSignIn := Host.ShowAndCancel;
  Verify(Refused(SignIn) = MAIL_STATUS_CANCELLED, 'status');
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
  Verify(Refused(SignIn) = MAIL_STATUS_CANCELLED, 'the next sign-in');
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
  Verify(Refused(SignIn) = MAIL_STATUS_CANCELLED, 'status');
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
  Verify(Refused(CheckIt) = MAIL_STATUS_INVALID_HANDLE, 'afterwards');
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
  Verify(Refused(Fetch) = MAIL_STATUS_NEEDS_SIGN_IN, 'nil where nothing was set');
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
  Verify(Refused(Fetch) = MAIL_STATUS_TOKEN, 'no token');
  Verify(LastCause = 'token_not_supplied', 'cause');
  Host.Token := 'a'#10'b';
  Verify(Refused(Fetch) = MAIL_STATUS_TOKEN, 'a line end');
  Host.Token := 'a'#0'b';
  Verify(Refused(Fetch) = MAIL_STATUS_INVALID_ARGUMENT, 'NUL');
  Host.Token := TPostriderString(StringOfChar('a', 65536));
  Verify(Refused(Fetch) = MAIL_STATUS_INVALID_ARGUMENT, 'too long');
  Verify(LastText = 'token is too long', 'text');
  Host.Token := TPostriderString(StringOfChar('a', 65535));
  Account.FetchToken;
  Verify(Account.AccessToken = Host.Token, 'the longest');
  Account.OnToken := nil;
  Verify(Refused(Fetch) = MAIL_STATUS_TOKEN, 'removed');
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
  Verify(Refused(CheckIt) = MAIL_STATUS_NEEDS_SIGN_IN, 'an empty store');
  Account.SetRefreshToken(Token);
  Verify(Pos(Token, Store.Document) > 0, 'the document');
  Verify(Pos(WideChar($00FC), Store.Document) > 0, 'a letter in the document');
  Account.Free;

  Account := NewAccount;
  Account.SetUser(WideChar($00FC) + TPostriderString('@example.org'));
  Account.SetStore(Store);
  Account.CheckSignIn;
  Verify((Store.Locks > 0) and (Store.Locks = Store.Unlocks), 'locks');
  Account.SetStore(nil);
  Verify(Refused(CheckIt) = MAIL_STATUS_NEEDS_SIGN_IN, 'the memory');
  Account.SetStore(Store);
  Account.SignOut;
  Verify(Store.Document = '', 'signed out');
  Verify(Refused(CheckIt) = MAIL_STATUS_NEEDS_SIGN_IN, 'after that');
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
  Verify(Refused(SetRefreshToken) = MAIL_STATUS_TIMEOUT, 'status');
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
  Account := NewAccount;
  Run(Name, Test);
  Account.Free;
  Store.Free;
  Host.Free;
end;

begin
  RunFresh('AWrongArgumentIsNamed', AWrongArgumentIsNamed);
  RunFresh('WithoutASignInThereIsNothingToGoOnWith', WithoutASignInThereIsNothingToGoOnWith);
  RunFresh('AFreedAccountIsAnError', AFreedAccountIsAnError);
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
