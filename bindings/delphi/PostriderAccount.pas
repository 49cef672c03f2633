{ Accounts of Postrider: a person or an app signs in once, and mails have access tokens from then on.

    Account := TPostriderAccount.Create('microsoft');
    Account.SetClient('the id of your app registration');
    Account.SetUser('anna@example.org');
    Account.SetStoreKeyring(Folder, 'My program');
    ...
    Mail.SetAccount(Account);  // its tokens are renewed whenever it is time
    Mail.Send;                 // MAIL_STATUS_NEEDS_SIGN_IN: the person has to sign in (again)

  SignIn waits for the person. A program with windows does it in two halves instead, with a timer of
  a quarter of a second:

    procedure TMainForm.SignInButtonClick(Sender: TObject);
    begin
      Account.BeginSignIn;
      LinkLabel.Caption := Account.SignInUrl;  // there may be no browser that opens
      SignInTimer.Enabled := True;
      Account.OpenBrowser;
    end;

    procedure TMainForm.SignInTimerTimer(Sender: TObject);
    begin
      SignInTimer.Enabled := False;  // also when PollSignIn raises: then the sign-in is over
      SignInTimer.Enabled := not Account.PollSignIn;
    end;

    procedure TMainForm.CancelButtonClick(Sender: TObject);
    begin
      SignInTimer.Enabled := False;
      Account.Cancel;
    end;

  Every method is the function mail_account_<name> of postrider.h, whose comments hold here too. An
  exception of an event or a store comes out of the call that it runs in: of this account, or Send. }
unit PostriderAccount;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}

interface

uses
  PostriderApi, PostriderBase;

type
  { Shows a person how to sign in, and returns at once. UserCode is '' for a sign-in in the browser;
    ExpiresIn is in seconds. To give up, raise an exception: EAbort, say. }
  TPostriderSignInEvent = procedure(Sender: TObject; const Url, UserCode, Text: TPostriderString;
    ExpiresIn: Integer) of object;
  { Gives an access token that the program has from elsewhere, and how many seconds it is still good;
    0 for one that is used once. An empty Token: there is none. }
  TPostriderTokenEvent = procedure(Sender: TObject; var Token: TPostriderString;
    var ValidSeconds: Integer) of object;

  { Where a program keeps sign-ins itself, such as in a database: a class of yours that overrides
    these. A document has tokens in it; protect it. Name is the same for the same account. }
  TPostriderStore = class
  public
    { '' when there is none. }
    function Load(const Name: TPostriderString): TPostriderString; virtual; abstract;
    { Replaces it, whole or not at all. }
    procedure Save(const Name, Document: TPostriderString); virtual; abstract;
    { One that is not there is no error. }
    procedure Delete(const Name: TPostriderString); virtual; abstract;
    { Among processes that share the store: False when another one holds the lock. Must not wait. }
    function Lock(const Name: TPostriderString): Boolean; virtual;
    procedure Unlock(const Name: TPostriderString); virtual;
  end;

  { Who sends mail: an account at a provider. Any number of mails and threads may share it. }
  TPostriderAccount = class
  private
    FHandle: PMailAccount;
    FOnSignIn: TPostriderSignInEvent;
    FOnToken: TPostriderTokenEvent;
    procedure Check(Status: Integer);
    procedure SetOnSignIn(const Value: TPostriderSignInEvent);
    procedure SetOnToken(const Value: TPostriderTokenEvent);
  public
    { Provider is 'microsoft', 'google', ... or one that ProvidersJson describes. }
    constructor Create(const Provider: TPostriderString;
      const ProvidersJson: TPostriderString = '');
    { Mails that have the account keep it and can still send, without its events and its store. }
    destructor Destroy; override;
    { The C handle, for functions of PostriderApi; it stays with this object. }
    property Handle: PMailAccount read FHandle;

    { The program, the person, and the way to the provider. }

    { Without a ClientSecret: a public client, which most desktop programs are. }
    procedure SetClient(const ClientId: TPostriderString;
      const ClientSecret: TPostriderString = '');
    procedure SetTenant(const Tenant: TPostriderString);
    procedure SetUser(const User: TPostriderString);
    procedure AddScope(const Scope: TPostriderString);
    procedure AddParameter(const Name, Value: TPostriderString);
    procedure AddCaFile(const Path: TPostriderString);
    procedure AddCaPem(Pem: Pointer; Size: TPostriderSize);
    { As TPostriderMail has it; 'system' unless set. }
    procedure SetProxy(const Proxy: TPostriderString; const User: TPostriderString = '';
      const Password: TPostriderString = '');
    procedure SetTimeout(TimeoutMs: Integer);
    { For the page that tells the person to go back to the program. }
    procedure SetProgram(const Name: TPostriderString);
    procedure LookAtTokens(Look: Boolean);
    { Ends what runs on the account now, and the sign-in that is under way; from another thread, say.
      Sends are not ended. }
    procedure Cancel;

    { Apps to which no person signs in, and tokens from elsewhere. }

    procedure UseClientCredentials;
    procedure UseCertificatePem(Key: Pointer; KeySize: TPostriderSize; Certificates: Pointer;
      CertificatesSize: TPostriderSize);
    procedure UseCertificatePfx(Pfx: Pointer; Size: TPostriderSize;
      const Password: TPostriderString);
    procedure UseServiceAccount(Json: Pointer; Size: TPostriderSize);
    procedure SetRefreshToken(const RefreshToken: TPostriderString);
    { Once it is set, the provider is asked for nothing; nil then leaves the account without tokens. }
    property OnToken: TPostriderTokenEvent read FOnToken write SetOnToken;

    { Where the sign-in is kept: in memory, unless one of these is called. }

    procedure SetStoreFile(const Folder: TPostriderString);
    procedure SetStoreKeyring(const Folder, Service: TPostriderString);
    { The object stays yours: free it after this account, or after another call of this method. nil
      for the memory. }
    procedure SetStore(Store: TPostriderStore);
    procedure Export(const Path, Passphrase: TPostriderString);
    procedure Import(const Path, Passphrase: TPostriderString);

    { A person signs in. }

    property OnSignIn: TPostriderSignInEvent read FOnSignIn write SetOnSignIn;
    procedure AllowBrowser(Allow: Boolean);
    { Send, too, may open the browser and wait for the person. }
    procedure AllowInteractive(Allow: Boolean);
    procedure SignIn(TimeoutMs: Integer);
    { With a code that OnSignIn shows, on any device. }
    procedure SignInDevice;

    procedure BeginSignIn;
    procedure BeginDeviceSignIn;
    { Of the sign-in that is under way; '' or 0 when there is none. }
    function SignInUrl: TPostriderString;
    function SignInCompleteUrl: TPostriderString;
    function SignInUserCode: TPostriderString;
    function SignInMessage: TPostriderString;
    function SignInExpiresIn: Integer;
    procedure OpenBrowser;
    { True when the person has signed in, False when not yet. }
    function PollSignIn: Boolean;
    { Address is that of the page at which the browser ended, when it cannot come back by itself. }
    procedure CompleteSignIn(const Address: TPostriderString);

    { Raises an EPostrider with MAIL_STATUS_NEEDS_SIGN_IN when a person has to sign in. }
    procedure CheckSignIn;
    procedure SignOut;

    { Tokens: Send fetches them itself. }

    procedure FetchToken;
    { Of the last FetchToken, or of the last sign-in; '' or 0 when there is none. }
    function AccessToken: TPostriderString;
    { In UTC. }
    function TokenExpiresAt: TDateTime;
    function TokenScopes: TPostriderString;
    function Address: TPostriderString;
    function UserName: TPostriderString;
  end;

implementation

function TPostriderStore.Lock(const Name: TPostriderString): Boolean;
begin
  Result := True;
end;

procedure TPostriderStore.Unlock(const Name: TPostriderString);
begin
end;

procedure TPostriderAccount.Check(Status: Integer);
begin
  RaiseWaiting;
  if Status < 0 then
    raise AccountError(FHandle, Status);
end;

{ ---- Events and the store, called from C: no exception may leave them ---- }

procedure SignInTrampoline(UserData: Pointer; Url, UserCode, Text: PAnsiChar; ExpiresIn: Integer);
  {$IFDEF MSWINDOWS} stdcall {$ELSE} cdecl {$ENDIF};
var
  Account: TPostriderAccount;
  Handle: PMailAccount;
begin
  if ExceptionWaits then
    Exit;
  Account := TPostriderAccount(UserData);
  Handle := Account.FHandle;
  try
    if Assigned(Account.FOnSignIn) then
      Account.FOnSignIn(Account, Utf16(Url), Utf16(UserCode), Utf16(Text), ExpiresIn);
  except
    KeepException;
    mail_account_cancel(Handle);
    CancelSending;
  end;
end;

function TokenTrampoline(UserData: Pointer; Buf: PAnsiChar; Cap: TPostriderSize): Int64;
  {$IFDEF MSWINDOWS} stdcall {$ELSE} cdecl {$ENDIF};
var
  Account: TPostriderAccount;
  Token: TPostriderString;
  Text: AnsiString;
  ValidSeconds: Integer;
begin
  Result := -1;
  if ExceptionWaits then
    Exit;
  Account := TPostriderAccount(UserData);
  Token := '';
  ValidSeconds := 0;
  try
    if Assigned(Account.FOnToken) then
      Account.FOnToken(Account, Token, ValidSeconds);
    Text := Utf8('token', Token);
    if Length(Text) >= Integer(Cap) then
      raise ArgumentError('token is too long');
    if Text = '' then
      Exit;
    Move(PAnsiChar(Text)^, Buf^, Length(Text) + 1);
    Result := ValidSeconds;
  except
    KeepException;
  end;
end;

{ What the store answers; nothing is copied when there is too little room. }
function Answer(Store: TPostriderStore; Operation: Integer; const Name: TPostriderString;
  Data: PPostriderByte; Size: Integer): Int64;
var
  Document: AnsiString;
begin
  Result := 0;
  case Operation of
    MAIL_STORE_OPERATION_LOAD:
      begin
        Document := Utf8('document', Store.Load(Name));
        Result := Length(Document);
        if Result <= Size then
          Move(PAnsiChar(Document)^, Data^, Length(Document));
      end;
    MAIL_STORE_OPERATION_SAVE:
      begin
        SetString(Document, PAnsiChar(Data), Size);
        Store.Save(Name, Utf16(PAnsiChar(Document)));
      end;
    MAIL_STORE_OPERATION_DELETE:
      Store.Delete(Name);
    MAIL_STORE_OPERATION_LOCK:
      Result := Ord(Store.Lock(Name));
    MAIL_STORE_OPERATION_UNLOCK:
      Store.Unlock(Name);
  else
    Result := -1;
  end;
end;

function StoreTrampoline(UserData: Pointer; Operation: Integer; Name: PAnsiChar;
  Data: PPostriderByte; Size: TPostriderSize): Int64;
  {$IFDEF MSWINDOWS} stdcall {$ELSE} cdecl {$ENDIF};
var
  Waiting: TObject;
begin
  Result := -1;
  { A lock that was taken goes back, whatever was raised meanwhile. }
  if ExceptionWaits and (Operation <> MAIL_STORE_OPERATION_UNLOCK) then
    Exit;
  Waiting := TakeException;
  try
    Result := Answer(TPostriderStore(UserData), Operation, Utf16(Name), Data, Integer(Size));
  except
    KeepException;
  end;
  PutBackException(Waiting);
end;

{ First removed, then changed, then set: a method pointer is two words, and another thread may be
  about to call it. }
procedure TPostriderAccount.SetOnSignIn(const Value: TPostriderSignInEvent);
begin
  Check(mail_account_set_sign_in_callback(FHandle, nil, nil));
  FOnSignIn := Value;
  if Assigned(Value) then
    Check(mail_account_set_sign_in_callback(FHandle, SignInTrampoline, Self));
end;

procedure TPostriderAccount.SetOnToken(const Value: TPostriderTokenEvent);
begin
  { To remove what was never set would end the sign-in of a person. }
  if not Assigned(Value) and not Assigned(FOnToken) then
    Exit;
  Check(mail_account_set_token_callback(FHandle, nil, nil));
  FOnToken := Value;
  if Assigned(Value) then
    Check(mail_account_set_token_callback(FHandle, TokenTrampoline, Self));
end;

{ ---- The methods, in the order of postrider.h ---- }

constructor TPostriderAccount.Create(const Provider, ProvidersJson: TPostriderString);
begin
  inherited Create;
  CheckLibrary;
  FHandle := mail_account_new(PAnsiChar(Utf8('provider', Provider)),
    Pointer(Utf8('providers_json', ProvidersJson)));
  if FHandle = nil then
    raise AccountError(nil, mail_account_last_status(nil));
end;

destructor TPostriderAccount.Destroy;
begin
  mail_account_free(FHandle);
  inherited Destroy;
end;

procedure TPostriderAccount.SetClient(const ClientId, ClientSecret: TPostriderString);
begin
  Check(mail_account_set_client(FHandle, PAnsiChar(Utf8('client_id', ClientId)),
    Pointer(Utf8('client_secret', ClientSecret))));
end;

procedure TPostriderAccount.SetTenant(const Tenant: TPostriderString);
begin
  Check(mail_account_set_tenant(FHandle, PAnsiChar(Utf8('tenant', Tenant))));
end;

procedure TPostriderAccount.SetUser(const User: TPostriderString);
begin
  Check(mail_account_set_user(FHandle, PAnsiChar(Utf8('user', User))));
end;

procedure TPostriderAccount.AddScope(const Scope: TPostriderString);
begin
  Check(mail_account_add_scope(FHandle, PAnsiChar(Utf8('scope', Scope))));
end;

procedure TPostriderAccount.AddParameter(const Name, Value: TPostriderString);
begin
  Check(mail_account_add_parameter(FHandle, PAnsiChar(Utf8('name', Name)),
    PAnsiChar(Utf8('value', Value))));
end;

procedure TPostriderAccount.AddCaFile(const Path: TPostriderString);
begin
  Check(mail_account_add_ca_file(FHandle, PAnsiChar(Utf8('path', Path))));
end;

procedure TPostriderAccount.AddCaPem(Pem: Pointer; Size: TPostriderSize);
begin
  Check(mail_account_add_ca_pem(FHandle, Pem, Size));
end;

procedure TPostriderAccount.SetProxy(const Proxy, User, Password: TPostriderString);
var
  Secret: AnsiString;
begin
  Secret := Utf8('password', Password);
  Check(mail_account_set_proxy(FHandle, Pointer(Utf8('proxy', Proxy)), Pointer(Utf8('user', User)),
    PasswordFor(User, Secret)));
end;

procedure TPostriderAccount.SetTimeout(TimeoutMs: Integer);
begin
  Check(mail_account_set_timeout(FHandle, TimeoutMs));
end;

procedure TPostriderAccount.SetProgram(const Name: TPostriderString);
begin
  Check(mail_account_set_program(FHandle, PAnsiChar(Utf8('name', Name))));
end;

procedure TPostriderAccount.LookAtTokens(Look: Boolean);
begin
  Check(mail_account_look_at_tokens(FHandle, Ord(Look)));
end;

procedure TPostriderAccount.Cancel;
var
  Status: Integer;
begin
  Status := mail_account_cancel(FHandle);
  if Status < 0 then
    raise AccountError(nil, Status);
end;

procedure TPostriderAccount.UseClientCredentials;
begin
  Check(mail_account_use_client_credentials(FHandle));
end;

procedure TPostriderAccount.UseCertificatePem(Key: Pointer; KeySize: TPostriderSize;
  Certificates: Pointer; CertificatesSize: TPostriderSize);
begin
  Check(mail_account_use_certificate_pem(FHandle, Key, KeySize, Certificates, CertificatesSize));
end;

procedure TPostriderAccount.UseCertificatePfx(Pfx: Pointer; Size: TPostriderSize;
  const Password: TPostriderString);
begin
  Check(mail_account_use_certificate_pfx(FHandle, Pfx, Size,
    PAnsiChar(Utf8('password', Password))));
end;

procedure TPostriderAccount.UseServiceAccount(Json: Pointer; Size: TPostriderSize);
begin
  Check(mail_account_use_service_account(FHandle, Json, Size));
end;

procedure TPostriderAccount.SetRefreshToken(const RefreshToken: TPostriderString);
begin
  Check(mail_account_set_refresh_token(FHandle, PAnsiChar(Utf8('refresh_token', RefreshToken))));
end;

procedure TPostriderAccount.SetStoreFile(const Folder: TPostriderString);
begin
  Check(mail_account_set_store_file(FHandle, PAnsiChar(Utf8('folder', Folder))));
end;

procedure TPostriderAccount.SetStoreKeyring(const Folder, Service: TPostriderString);
begin
  Check(mail_account_set_store_keyring(FHandle, PAnsiChar(Utf8('folder', Folder)),
    PAnsiChar(Utf8('service', Service))));
end;

procedure TPostriderAccount.SetStore(Store: TPostriderStore);
begin
  if Store = nil then
    Check(mail_account_set_store_callback(FHandle, nil, nil))
  else
    Check(mail_account_set_store_callback(FHandle, StoreTrampoline, Store));
end;

procedure TPostriderAccount.Export(const Path, Passphrase: TPostriderString);
begin
  Check(mail_account_export(FHandle, PAnsiChar(Utf8('path', Path)),
    PAnsiChar(Utf8('passphrase', Passphrase))));
end;

procedure TPostriderAccount.Import(const Path, Passphrase: TPostriderString);
begin
  Check(mail_account_import(FHandle, PAnsiChar(Utf8('path', Path)),
    PAnsiChar(Utf8('passphrase', Passphrase))));
end;

procedure TPostriderAccount.AllowBrowser(Allow: Boolean);
begin
  Check(mail_account_allow_browser(FHandle, Ord(Allow)));
end;

procedure TPostriderAccount.AllowInteractive(Allow: Boolean);
begin
  Check(mail_account_allow_interactive(FHandle, Ord(Allow)));
end;

procedure TPostriderAccount.SignIn(TimeoutMs: Integer);
var
  Status: Integer;
  Outer: PMail;
begin
  Outer := NowSending(nil);
  Status := mail_account_sign_in(FHandle, TimeoutMs);
  NowSending(Outer);
  Check(Status);
end;

procedure TPostriderAccount.SignInDevice;
var
  Status: Integer;
  Outer: PMail;
begin
  Outer := NowSending(nil);
  Status := mail_account_sign_in_device(FHandle);
  NowSending(Outer);
  Check(Status);
end;

procedure TPostriderAccount.BeginSignIn;
begin
  Check(mail_account_begin_sign_in(FHandle));
end;

procedure TPostriderAccount.BeginDeviceSignIn;
begin
  Check(mail_account_begin_device_sign_in(FHandle));
end;

function TPostriderAccount.SignInUrl: TPostriderString;
begin
  Result := Copied(mail_account_sign_in_url, FHandle);
end;

function TPostriderAccount.SignInCompleteUrl: TPostriderString;
begin
  Result := Copied(mail_account_sign_in_complete_url, FHandle);
end;

function TPostriderAccount.SignInUserCode: TPostriderString;
begin
  Result := Copied(mail_account_sign_in_user_code, FHandle);
end;

function TPostriderAccount.SignInMessage: TPostriderString;
begin
  Result := Copied(mail_account_sign_in_message, FHandle);
end;

function TPostriderAccount.SignInExpiresIn: Integer;
begin
  Result := mail_account_sign_in_expires_in(FHandle);
end;

procedure TPostriderAccount.OpenBrowser;
begin
  Check(mail_account_open_browser(FHandle));
end;

function TPostriderAccount.PollSignIn: Boolean;
var
  Status: Integer;
begin
  Status := mail_account_poll_sign_in(FHandle);
  Check(Status);
  Result := Status = MAIL_STATUS_OK;
end;

procedure TPostriderAccount.CompleteSignIn(const Address: TPostriderString);
begin
  Check(mail_account_complete_sign_in(FHandle, PAnsiChar(Utf8('address', Address))));
end;

procedure TPostriderAccount.CheckSignIn;
begin
  Check(mail_account_check_sign_in(FHandle));
end;

procedure TPostriderAccount.SignOut;
begin
  Check(mail_account_sign_out(FHandle));
end;

procedure TPostriderAccount.FetchToken;
var
  Status: Integer;
  Outer: PMail;
begin
  Outer := NowSending(nil);
  Status := mail_account_fetch_token(FHandle);
  NowSending(Outer);
  Check(Status);
end;

function TPostriderAccount.AccessToken: TPostriderString;
begin
  Result := Copied(mail_account_access_token, FHandle);
end;

function TPostriderAccount.TokenExpiresAt: TDateTime;
var
  Seconds: Int64;
begin
  Seconds := mail_account_token_expires_at(FHandle);
  Result := 0;
  if Seconds <> 0 then
    Result := UnixEpoch + Seconds / 86400;
end;

function TPostriderAccount.TokenScopes: TPostriderString;
begin
  Result := Copied(mail_account_token_scopes, FHandle);
end;

function TPostriderAccount.Address: TPostriderString;
begin
  Result := Copied(mail_account_address, FHandle);
end;

function TPostriderAccount.UserName: TPostriderString;
begin
  Result := Copied(mail_account_user_name, FHandle);
end;

end.
