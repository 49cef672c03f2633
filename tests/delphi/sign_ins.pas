{ A person signs in at a sandbox, and mails are sent with the tokens that come of it. tests/delphi.rs
  starts the sandbox, sets SANDBOX_* and BROWSER, and looks for what arrived. }
program sign_ins;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}
{$IFDEF MSWINDOWS}{$APPTYPE CONSOLE}{$ENDIF}

uses
  {$IFDEF UNIX}cthreads, cwstring,{$ENDIF} SysUtils, Classes, Process, PostriderApi, Postrider,
  Check;

type
  THost = class
  public
    Calls, ExpiresIn: Integer;
    Url, UserCode, Text, Transcript: TPostriderString;
    Tokens: array of TPostriderString;
    procedure Show(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
      AExpiresIn: Integer);
    procedure EnterCode(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
      AExpiresIn: Integer);
    procedure RaiseAtSignIn(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
      AExpiresIn: Integer);
    procedure GiveToken(Sender: TObject; var Token: TPostriderString; var ValidSeconds: Integer);
    procedure Log(Sender: TObject; const Line: TPostriderString);
  end;

var
  Host: THost;
  Store: TMemoryStore;
  Account: TPostriderAccount;

function Sandbox(const Name: TPostriderString): TPostriderString;
begin
  Result := Environment('SANDBOX_' + Name);
  Verify(Result <> '', 'SANDBOX_' + string(Name) + ' is not set');
end;

function NewAccount: TPostriderAccount;
begin
  Result := TPostriderAccount.Create('custom', Sandbox('PROVIDERS'));
  Result.SetClient(Sandbox('CLIENT'));
  Result.SetUser(Sandbox('USER'));
  Result.SetStore(Store);
end;

{ A mail without a server: its account knows one. }
function MailOf(Sender: TPostriderAccount; const Subject: TPostriderString): TPostriderMail;
begin
  Result := TPostriderMail.Create;
  Result.AddCaFile(Sandbox('CA'));
  Result.SetAccount(Sender);
  Result.SetFrom(Sandbox('USER'));
  Result.AddRecipient('bob@example.org');
  Result.SetSubject(Subject);
  Result.SetText('Hello');
end;

procedure SendFrom(Sender: TPostriderAccount; const Subject: TPostriderString);
var
  Mail: TPostriderMail;
begin
  Mail := MailOf(Sender, Subject);
  Verify(Mail.Send.Outcome = MAIL_OUTCOME_ACCEPTED, 'send');
  Mail.Free;
end;

{ What the person does on the page; gives what it says. }
function Person(const Page, Option, Value: TPostriderString): TPostriderString;
var
  Said: string;
begin
  Verify(RunCommand('python3', [string(Sandbox('PERSON')), string(Page), string(Option),
    string(Value), '--address', string(Sandbox('USER'))], Said), 'the person: ' + Said);
  Result := TPostriderString(Trim(Said));
end;

{ Polls until the person has signed in. }
procedure PollToTheEnd;
var
  Tries: Integer;
begin
  Tries := 0;
  while not Account.PollSignIn do
  begin
    Inc(Tries);
    Verify(Tries < 1000, 'nobody signs in');
    Sleep(20);
  end;
end;

function Status: Integer;
begin
  Result := MAIL_STATUS_OK;
  try
    Account.CheckSignIn;
  except
    on E: EPostrider do
      Result := E.Status;
  end;
end;

procedure THost.Show(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
  AExpiresIn: Integer);
begin
  Inc(Calls);
  Url := AUrl;
  UserCode := AUserCode;
  Text := AText;
  ExpiresIn := AExpiresIn;
end;

procedure THost.EnterCode(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
  AExpiresIn: Integer);
begin
  Show(Sender, AUrl, AUserCode, AText, AExpiresIn);
  Person(AUrl, '--code', AUserCode);
end;

procedure THost.RaiseAtSignIn(Sender: TObject; const AUrl, AUserCode, AText: TPostriderString;
  AExpiresIn: Integer);
begin
  raise EStop.Create('from OnSignIn');
end;

procedure THost.GiveToken(Sender: TObject; var Token: TPostriderString;
  var ValidSeconds: Integer);
begin
  Token := Tokens[Calls];
  ValidSeconds := 3600;
  Inc(Calls);
end;

procedure THost.Log(Sender: TObject; const Line: TPostriderString);
begin
  Transcript := Transcript + Line + #10;
end;

{ The browser is BROWSER: the person at once. }
procedure APersonSignsInInTheBrowser;
begin
  Verify(Status = MAIL_STATUS_NEEDS_SIGN_IN, 'before');
  Account.OnSignIn := Host.Show;
  Account.SignIn(60000);
  Verify((Host.Calls = 1) and (Host.UserCode = '') and (Host.ExpiresIn = 60), 'what was shown');
  Verify(Status = MAIL_STATUS_OK, 'afterwards');
  Verify(Account.Address = Sandbox('USER'), 'address');
  Verify(Account.UserName = Sandbox('USER'), 'user name');
  Verify(Pos(TPostriderString('mail'), Account.TokenScopes) > 0, 'scopes');
  Verify(Account.AccessToken <> '', 'token');
  Verify(Abs(Account.TokenExpiresAt - Now) < 1.5, 'end of the token');
  SendFrom(Account, 'from the browser');
end;

procedure ASignInInTwoHalves;
begin
  Account.BeginSignIn;
  Verify(not Account.PollSignIn, 'nobody has signed in');
  Verify(Account.SignInUrl <> '', 'url');
  Verify(Pos(TPostriderString('the sandbox'), Account.SignInMessage) > 0, 'message');
  Verify(Account.SignInUserCode + Account.SignInCompleteUrl = '', 'what a device has');
  Account.OpenBrowser;
  PollToTheEnd;
  Verify(Account.SignInUrl = '', 'it is over');
  SendFrom(Account, 'in two halves');
end;

procedure AnAddressThatThePersonPastes;
var
  Refused: Boolean;
begin
  Account.BeginSignIn;
  Refused := False;
  try
    Account.CompleteSignIn('http://127.0.0.1/elsewhere');
  except
    on EPostrider do
      Refused := True;
  end;
  Verify(Refused, 'a wrong address');
  Account.CompleteSignIn(Person(Account.SignInUrl, '--no-return', '--no-return'));
  SendFrom(Account, 'pasted');
end;

procedure APersonWhoDeclines;
begin
  Account.BeginSignIn;
  try
    Account.CompleteSignIn(Person(Account.SignInUrl, '--no-return', '--decline'));
    Verify(False, 'signed in');
  except
    on E: EPostrider do
      Verify((E.Status = MAIL_STATUS_NEEDS_SIGN_IN) and (E.Stage = MAIL_STAGE_AUTHORIZE), E.Message);
  end;
  Verify(Status = MAIL_STATUS_NEEDS_SIGN_IN, 'afterwards');
end;

procedure ACodeOnAnotherDevice;
begin
  Account.OnSignIn := Host.EnterCode;
  Account.SignInDevice;
  Verify((Host.Calls = 1) and (Host.UserCode <> '') and (Host.ExpiresIn = 600), 'what was shown');
  Verify(Pos(Host.UserCode, Host.Text) > 0, 'the sentence has no code');
  SendFrom(Account, 'from a device');
end;

procedure ACodeInTwoHalves;
begin
  Account.BeginDeviceSignIn;
  Verify(not Account.PollSignIn, 'nobody has signed in');
  Verify(Pos(Account.SignInUserCode, Account.SignInCompleteUrl) > 0, 'the page with the code');
  Verify(Account.SignInExpiresIn = 600, 'time');
  Person(Account.SignInUrl, '--code', Account.SignInUserCode);
  PollToTheEnd;
  SendFrom(Account, 'with a code');
end;

procedure AnExceptionEndsTheSignInOnADevice;
var
  Came: Boolean;
begin
  Account.OnSignIn := Host.RaiseAtSignIn;
  Came := False;
  try
    Account.SignInDevice;
  except
    on EStop do
      Came := True;
  end;
  Verify(Came, 'exception');
end;

procedure ASendMayAskThePerson;
begin
  Account.AllowInteractive(True);
  Account.OnSignIn := Host.Show;
  SendFrom(Account, 'interactive');
  Verify(Host.Calls = 1, 'calls');
  Account.AllowInteractive(False);
  SendFrom(Account, 'once more');
  Verify(Host.Calls = 1, 'asked again');
end;

procedure TokensOfTheProgram;
var
  Mail: TPostriderMail;
begin
  Account.SignIn(60000);
  SetLength(Host.Tokens, 2);
  Host.Tokens[0] := 'not-a-token';
  Host.Tokens[1] := Account.AccessToken;
  Account.OnToken := Host.GiveToken;
  Mail := MailOf(Account, 'with a token of the program');
  Mail.OnLog := Host.Log;
  Mail.Send;
  Verify(Host.Calls = 2, 'a refused token was not asked for again');
  Verify(Pos(Host.Tokens[1], Host.Transcript) = 0, 'a token in the transcript');
  Mail.Free;
end;

procedure ASignInOutlivesItsAccount;
var
  Mail: TPostriderMail;
begin
  Account.SetStore(nil);
  Account.SignIn(60000);
  Mail := MailOf(Account, 'without an account');
  FreeAndNil(Account);
  Verify(Mail.Send.Outcome = MAIL_OUTCOME_ACCEPTED, 'send');
  Mail.Free;
end;

procedure ASignInMovesToAnotherComputer;
var
  Folder: TPostriderString;
begin
  Folder := Sandbox('FOLDER') + '/f' + WideChar($00FC) + 'r ' + WideChar($041E);
  Account.SetStoreFile(Folder);
  Account.SignIn(60000);
  Account.Export(Folder + '/exported', 'a long passphrase');
  Account.Free;

  Account := NewAccount;
  Verify(Status = MAIL_STATUS_NEEDS_SIGN_IN, 'another store');
  Account.Import(Folder + '/exported', 'a long passphrase');
  Verify(Pos(TPostriderString('refresh_token'), Store.Document) > 0, 'the document');
  SendFrom(Account, 'imported');
  Account.SignOut;
  Verify((Store.Document = '') and (Status = MAIL_STATUS_NEEDS_SIGN_IN), 'signed out');
end;

{ The sandbox refuses the first token: nobody signs in a second time. }
procedure ATokenIsRenewedWithoutAPerson;
var
  First: TPostriderString;
  Mail: TPostriderMail;
begin
  Account.SignIn(60000);
  First := Account.AccessToken;
  Account.Free;

  Account := NewAccount;
  Account.OnSignIn := Host.RaiseAtSignIn;
  Mail := MailOf(Account, 'renewed');
  Mail.OnLog := Host.Log;
  Verify(Mail.Send.Outcome = MAIL_OUTCOME_ACCEPTED, 'send');
  Verify(Pos(TPostriderString('asking for a new token'), Host.Transcript) > 0, 'transcript');
  Account.FetchToken;
  Verify((Account.AccessToken <> '') and (Account.AccessToken <> First), 'token');
  Mail.Free;
end;

{ Runs one test with an account, a store and handlers of its own. }
procedure RunFresh(const Name: string; Test: TTest);
begin
  Host := THost.Create;
  Store := TMemoryStore.Create;
  Account := NewAccount;
  Run(Name, Test);
  Account.Free;
  Store.Free;
  Host.Free;
end;

begin
  if ParamStr(1) = 'renewed' then
    RunFresh('ATokenIsRenewedWithoutAPerson', ATokenIsRenewedWithoutAPerson)
  else
  begin
    RunFresh('APersonSignsInInTheBrowser', APersonSignsInInTheBrowser);
    RunFresh('ASignInInTwoHalves', ASignInInTwoHalves);
    RunFresh('AnAddressThatThePersonPastes', AnAddressThatThePersonPastes);
    RunFresh('APersonWhoDeclines', APersonWhoDeclines);
    RunFresh('ACodeOnAnotherDevice', ACodeOnAnotherDevice);
    RunFresh('ACodeInTwoHalves', ACodeInTwoHalves);
    RunFresh('AnExceptionEndsTheSignInOnADevice', AnExceptionEndsTheSignInOnADevice);
    RunFresh('ASendMayAskThePerson', ASendMayAskThePerson);
    RunFresh('TokensOfTheProgram', TokensOfTheProgram);
    RunFresh('ASignInOutlivesItsAccount', ASignInOutlivesItsAccount);
    RunFresh('ASignInMovesToAnotherComputer', ASignInMovesToAnotherComputer);
  end;
end.
