{ Postrider for Delphi 7 to 12 and Free Pascal 3.2: a class over PostriderApi.

    Mail := TPostriderMail.Create;
    Mail.SetServer('smtp.example.org', 587);
    ...
    Sent := Mail.Send;  // raises EPostrider when nobody gets it

  Every method is the function mail_<name> of postrider.h, whose comments hold here too: this unit
  adds the idiom of the language and no meaning. Where the C function takes NULL, pass ''.

  Texts are TPostriderString: WideString before Delphi 2009, else UnicodeString. The tests compile
  this unit with Free Pascal in Delphi mode and refuse newer words than Delphi 7 knows; no real
  Delphi has compiled it.

  Accounts are explained in PostriderAccount.pas. Programs name this unit for all classes, and
  PostriderApi for the numbers MAIL_*. }
unit Postrider;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}

interface

uses
  Classes, PostriderApi, PostriderBase, PostriderAccount;

type
  TPostriderString = PostriderBase.TPostriderString;
  TPostriderReply = PostriderBase.TPostriderReply;
  TPostriderRecipient = PostriderBase.TPostriderRecipient;
  TPostriderRecipients = PostriderBase.TPostriderRecipients;
  EPostrider = PostriderBase.EPostrider;
  TPostriderAccount = PostriderAccount.TPostriderAccount;
  TPostriderStore = PostriderAccount.TPostriderStore;
  TPostriderSignInEvent = PostriderAccount.TPostriderSignInEvent;
  TPostriderTokenEvent = PostriderAccount.TPostriderTokenEvent;

  { What a send brought about; Outcome is a MAIL_OUTCOME_*. }
  TPostriderResult = record
    Outcome: Integer;
    Accepted: TPostriderRecipients;
    Refused: TPostriderRecipients;
    Reply: TPostriderReply;
  end;

  { What works and what does not on the way of a message. Status is that of the first step that
    failed, a MAIL_STATUS_*; Json is described in docs/diagnosis.md. }
  TPostriderDiagnosis = record
    Status: Integer;
    Text: TPostriderString;
    Json: TPostriderString;
  end;

  { Receives one line of the transcript. }
  TPostriderLogEvent = procedure(Sender: TObject; const Line: TPostriderString) of object;
  { Receives the progress; Cancel := True cancels the send. }
  TPostriderProgressEvent = procedure(Sender: TObject; BytesSent, BytesTotal: Int64;
    var Cancel: Boolean) of object;

  { One message, the server it goes through and the account that sends it. }
  TPostriderMail = class
  private
    FHandle: PMail;
    FOnLog: TPostriderLogEvent;
    FOnProgress: TPostriderProgressEvent;
    procedure Check(Status: Integer);
    procedure SetOnLog(const Value: TPostriderLogEvent);
    procedure SetOnProgress(const Value: TPostriderProgressEvent);
  public
    constructor Create;
    destructor Destroy; override;
    { The C handle, for functions of PostriderApi; it stays with this object. }
    property Handle: PMail read FHandle;

    { Forgets the message; server, sign-in, events and the kept connection stay. }
    procedure ClearMessage;

    { Which server, how it is reached and how far it is trusted. }

    procedure SetServer(const Host: TPostriderString; Port: Integer);
    { Security is a MAIL_SECURITY_*. }
    procedure SetSecurity(Security: Integer);
    { Dangerous: everybody on the way can read passwords and tokens. }
    procedure AllowPlaintextAuth(Allow: Boolean);
    procedure SetEhloName(const Name: TPostriderString);
    { 'http://host:port', 'socks5://host:port', 'env', 'system', or '' for a direct connection.
      User and Password are for the proxy; without a User there is no Password. }
    procedure SetProxy(const Proxy: TPostriderString; const User: TPostriderString = '';
      const Password: TPostriderString = '');
    procedure SetTimeout(TimeoutMs: Integer);
    procedure AddCaFile(const Path: TPostriderString);
    procedure AddCaPem(Pem: Pointer; Size: TPostriderSize);
    { Dangerous: whoever is on the way can pose as the server. }
    procedure AcceptInvalidCertificate(Accept: Boolean);
    procedure SetKeepConnection(Keep: Boolean);
    procedure CloseConnection;

    { Who signs in. }

    procedure SetAuthXoauth2(const User, AccessToken: TPostriderString);
    procedure SetAuthOauthbearer(const User, AccessToken: TPostriderString);
    { Mechanism is a MAIL_MECHANISM_*. }
    procedure SetAuthPassword(const User, Password: TPostriderString;
      Mechanism: Integer = MAIL_MECHANISM_AUTO);
    { The access tokens of an account, which may be freed before this mail; its provider also sets
      the server, unless SetServer does. }
    procedure SetAccount(Account: TPostriderAccount);
    procedure SetAuthNone;

    { The message. }

    procedure SetFrom(const Address: TPostriderString; const Name: TPostriderString = '');
    procedure SetSender(const Address: TPostriderString; const Name: TPostriderString = '');
    { '' for the From address; the null sender of reports has its own method. }
    procedure SetReturnPath(const Address: TPostriderString);
    procedure SetNullReturnPath;
    procedure SetReplyTo(const Address: TPostriderString; const Name: TPostriderString = '');
    { Kind is a MAIL_KIND_*. }
    procedure AddRecipient(const Address: TPostriderString; const Name: TPostriderString = '';
      Kind: Integer = MAIL_KIND_TO);
    procedure AddRecipients(const List: TPostriderString; Kind: Integer = MAIL_KIND_TO);
    procedure SetSubject(const Subject: TPostriderString);
    { '' is an empty body; RemoveText and RemoveHtml take it away. }
    procedure SetText(const Body: TPostriderString);
    procedure SetHtml(const Body: TPostriderString);
    procedure RemoveText;
    procedure RemoveHtml;
    procedure AddAttachmentFile(const Path: TPostriderString; const Name: TPostriderString = '';
      const ContentType: TPostriderString = '');
    procedure AddAttachmentBytes(Data: Pointer; Size: TPostriderSize; const Name: TPostriderString;
      const ContentType: TPostriderString = '');
    { Both return the content id, to be shown by <img src="cid:...">. }
    function AddInlineFile(const Path: TPostriderString; const Name: TPostriderString = '';
      const ContentType: TPostriderString = ''): TPostriderString;
    function AddInlineBytes(Data: Pointer; Size: TPostriderSize; const Name: TPostriderString;
      const ContentType: TPostriderString = ''): TPostriderString;
    procedure AddHeader(const Name, Value: TPostriderString);
    { Date as the clock shows it in the time zone OffsetMinutes east of UTC. }
    procedure SetDate(const Date: TDateTime; OffsetMinutes: Integer);
    procedure SetMessageId(const MessageId: TPostriderString);
    procedure SetPriority(Priority: Integer);
    { Importance is a MAIL_IMPORTANCE_*. }
    procedure SetImportance(Importance: Integer);
    procedure RequestReadReceipt(Request: Boolean; const Address: TPostriderString = '');

    { Sending, cancelling and saving. }

    procedure SetAllOrNone(AllOrNone: Boolean);
    { Sends the message; raises EPostrider when it was accepted for nobody. Look into Refused.
      An exception of an event cancels the send and comes out of here; LastResult then tells
      whether the server had already accepted the message. }
    function Send: TPostriderResult;
    { What the last send brought about, also after an exception. }
    function LastResult: TPostriderResult;
    { Goes the way of the message without sending it. A step that fails raises nothing. }
    function Diagnose: TPostriderDiagnosis;
    { Ends the sends that run now, from another thread or from an event. }
    procedure Cancel;
    procedure SaveEml(const Path: TPostriderString);
    { Writes the message as it would be sent now (RFC 5322) to a stream. }
    procedure GetEml(Stream: TStream);

    { Watching. }

    procedure SetLogFile(const Path: TPostriderString);
    property OnLog: TPostriderLogEvent read FOnLog write SetOnLog;
    property OnProgress: TPostriderProgressEvent read FOnProgress write SetOnProgress;
  end;

{ The version of the library, such as '0.1.0'. }
function PostriderLibraryVersion: TPostriderString;

implementation

function PostriderLibraryVersion: TPostriderString;
begin
  Result := Utf16(mail_library_version);
end;

procedure TPostriderMail.Check(Status: Integer);
begin
  if Status < 0 then
    raise MailError(FHandle, Status);
end;

{ ---- Events, called from C: no exception may leave them ---- }

procedure LogTrampoline(UserData: Pointer; Line: PAnsiChar);
  {$IFDEF MSWINDOWS} stdcall {$ELSE} cdecl {$ENDIF};
var
  Mail: TPostriderMail;
  Handle: PMail;
begin
  if ExceptionWaits then
    Exit;
  Mail := TPostriderMail(UserData);
  Handle := Mail.FHandle;
  try
    if Assigned(Mail.FOnLog) then
      Mail.FOnLog(Mail, Utf16(Line));
  except
    KeepException;
    mail_cancel(Handle);
  end;
end;

function ProgressTrampoline(UserData: Pointer; BytesSent, BytesTotal: Int64): Integer;
  {$IFDEF MSWINDOWS} stdcall {$ELSE} cdecl {$ENDIF};
var
  Mail: TPostriderMail;
  Cancel: Boolean;
begin
  Result := 1;
  if ExceptionWaits then
    Exit;
  Mail := TPostriderMail(UserData);
  Cancel := False;
  try
    if Assigned(Mail.FOnProgress) then
      Mail.FOnProgress(Mail, BytesSent, BytesTotal, Cancel);
    if not Cancel then
      Result := 0;
  except
    KeepException;
  end;
end;

{ First removed, then changed, then set: a method pointer is two words, and another thread may be
  about to call it. }
procedure TPostriderMail.SetOnLog(const Value: TPostriderLogEvent);
begin
  Check(mail_set_log(FHandle, nil, nil));
  FOnLog := Value;
  if Assigned(Value) then
    Check(mail_set_log(FHandle, LogTrampoline, Self));
end;

procedure TPostriderMail.SetOnProgress(const Value: TPostriderProgressEvent);
begin
  Check(mail_set_progress(FHandle, nil, nil));
  FOnProgress := Value;
  if Assigned(Value) then
    Check(mail_set_progress(FHandle, ProgressTrampoline, Self));
end;

{ ---- The methods, in the order of postrider.h ---- }

constructor TPostriderMail.Create;
begin
  inherited Create;
  CheckLibrary;
  FHandle := mail_new;
  if FHandle = nil then
    raise MailError(nil, MAIL_STATUS_INTERNAL);
end;

destructor TPostriderMail.Destroy;
begin
  mail_free(FHandle);
  inherited Destroy;
end;

procedure TPostriderMail.ClearMessage;
begin
  Check(mail_clear_message(FHandle));
end;

procedure TPostriderMail.SetServer(const Host: TPostriderString; Port: Integer);
begin
  Check(mail_set_server(FHandle, PAnsiChar(Utf8('host', Host)), Port));
end;

procedure TPostriderMail.SetSecurity(Security: Integer);
begin
  Check(mail_set_security(FHandle, Security));
end;

procedure TPostriderMail.AllowPlaintextAuth(Allow: Boolean);
begin
  Check(mail_allow_plaintext_auth(FHandle, Ord(Allow)));
end;

procedure TPostriderMail.SetEhloName(const Name: TPostriderString);
begin
  Check(mail_set_ehlo_name(FHandle, Pointer(Utf8('name', Name))));
end;

procedure TPostriderMail.SetProxy(const Proxy, User, Password: TPostriderString);
var
  Secret: AnsiString;
begin
  Secret := Utf8('password', Password);
  Check(mail_set_proxy(FHandle, Pointer(Utf8('proxy', Proxy)), Pointer(Utf8('user', User)),
    PasswordFor(User, Secret)));
end;

procedure TPostriderMail.SetTimeout(TimeoutMs: Integer);
begin
  Check(mail_set_timeout(FHandle, TimeoutMs));
end;

procedure TPostriderMail.AddCaFile(const Path: TPostriderString);
begin
  Check(mail_add_ca_file(FHandle, PAnsiChar(Utf8('path', Path))));
end;

procedure TPostriderMail.AddCaPem(Pem: Pointer; Size: TPostriderSize);
begin
  Check(mail_add_ca_pem(FHandle, Pem, Size));
end;

procedure TPostriderMail.AcceptInvalidCertificate(Accept: Boolean);
begin
  Check(mail_accept_invalid_certificate(FHandle, Ord(Accept)));
end;

procedure TPostriderMail.SetKeepConnection(Keep: Boolean);
begin
  Check(mail_set_keep_connection(FHandle, Ord(Keep)));
end;

procedure TPostriderMail.CloseConnection;
begin
  Check(mail_close_connection(FHandle));
end;

procedure TPostriderMail.SetAuthXoauth2(const User, AccessToken: TPostriderString);
begin
  Check(mail_set_auth_xoauth2(FHandle, PAnsiChar(Utf8('user', User)),
    PAnsiChar(Utf8('access_token', AccessToken))));
end;

procedure TPostriderMail.SetAuthOauthbearer(const User, AccessToken: TPostriderString);
begin
  Check(mail_set_auth_oauthbearer(FHandle, PAnsiChar(Utf8('user', User)),
    PAnsiChar(Utf8('access_token', AccessToken))));
end;

procedure TPostriderMail.SetAuthPassword(const User, Password: TPostriderString;
  Mechanism: Integer);
begin
  Check(mail_set_auth_password(FHandle, Mechanism, PAnsiChar(Utf8('user', User)),
    PAnsiChar(Utf8('password', Password))));
end;

procedure TPostriderMail.SetAccount(Account: TPostriderAccount);
begin
  if Account = nil then
    Check(mail_set_account(FHandle, nil))
  else
    Check(mail_set_account(FHandle, Account.Handle));
end;

procedure TPostriderMail.SetAuthNone;
begin
  Check(mail_set_auth_none(FHandle));
end;

procedure TPostriderMail.SetFrom(const Address, Name: TPostriderString);
begin
  Check(mail_set_from(FHandle, Pointer(Utf8('name', Name)), PAnsiChar(Utf8('address', Address))));
end;

procedure TPostriderMail.SetSender(const Address, Name: TPostriderString);
begin
  Check(mail_set_sender(FHandle, Pointer(Utf8('name', Name)), Pointer(Utf8('address', Address))));
end;

procedure TPostriderMail.SetReturnPath(const Address: TPostriderString);
begin
  Check(mail_set_return_path(FHandle, Pointer(Utf8('address', Address))));
end;

procedure TPostriderMail.SetNullReturnPath;
begin
  Check(mail_set_return_path(FHandle, ''));
end;

procedure TPostriderMail.SetReplyTo(const Address, Name: TPostriderString);
begin
  Check(mail_set_reply_to(FHandle, Pointer(Utf8('name', Name)), Pointer(Utf8('address', Address))));
end;

procedure TPostriderMail.AddRecipient(const Address, Name: TPostriderString; Kind: Integer);
begin
  Check(mail_add_recipient(FHandle, Pointer(Utf8('name', Name)),
    PAnsiChar(Utf8('address', Address)), Kind));
end;

procedure TPostriderMail.AddRecipients(const List: TPostriderString; Kind: Integer);
begin
  Check(mail_add_recipients(FHandle, PAnsiChar(Utf8('list', List)), Kind));
end;

procedure TPostriderMail.SetSubject(const Subject: TPostriderString);
begin
  Check(mail_set_subject(FHandle, PAnsiChar(Utf8('subject', Subject))));
end;

procedure TPostriderMail.SetText(const Body: TPostriderString);
begin
  Check(mail_set_text(FHandle, PAnsiChar(Utf8('body', Body))));
end;

procedure TPostriderMail.SetHtml(const Body: TPostriderString);
begin
  Check(mail_set_html(FHandle, PAnsiChar(Utf8('body', Body))));
end;

procedure TPostriderMail.RemoveText;
begin
  Check(mail_set_text(FHandle, nil));
end;

procedure TPostriderMail.RemoveHtml;
begin
  Check(mail_set_html(FHandle, nil));
end;

procedure TPostriderMail.AddAttachmentFile(const Path, Name, ContentType: TPostriderString);
begin
  Check(mail_add_attachment_file(FHandle, PAnsiChar(Utf8('path', Path)),
    Pointer(Utf8('name', Name)), Pointer(Utf8('content_type', ContentType))));
end;

procedure TPostriderMail.AddAttachmentBytes(Data: Pointer; Size: TPostriderSize;
  const Name, ContentType: TPostriderString);
begin
  Check(mail_add_attachment_bytes(FHandle, Data, Size, PAnsiChar(Utf8('name', Name)),
    Pointer(Utf8('content_type', ContentType))));
end;

function TPostriderMail.AddInlineFile(const Path, Name,
  ContentType: TPostriderString): TPostriderString;
var
  ContentId: array[0..MAIL_CONTENT_ID_SIZE - 1] of AnsiChar;
begin
  Check(mail_add_inline_file(FHandle, PAnsiChar(Utf8('path', Path)), Pointer(Utf8('name', Name)),
    Pointer(Utf8('content_type', ContentType)), ContentId, SizeOf(ContentId)));
  Result := Utf16(ContentId);
end;

function TPostriderMail.AddInlineBytes(Data: Pointer; Size: TPostriderSize;
  const Name, ContentType: TPostriderString): TPostriderString;
var
  ContentId: array[0..MAIL_CONTENT_ID_SIZE - 1] of AnsiChar;
begin
  Check(mail_add_inline_bytes(FHandle, Data, Size, PAnsiChar(Utf8('name', Name)),
    Pointer(Utf8('content_type', ContentType)), ContentId, SizeOf(ContentId)));
  Result := Utf16(ContentId);
end;

procedure TPostriderMail.AddHeader(const Name, Value: TPostriderString);
begin
  Check(mail_add_header(FHandle, PAnsiChar(Utf8('name', Name)), PAnsiChar(Utf8('value', Value))));
end;

procedure TPostriderMail.SetDate(const Date: TDateTime; OffsetMinutes: Integer);
var
  Seconds: Int64;
begin
  Seconds := Round((Date - UnixEpoch) * 86400);
  Check(mail_set_date(FHandle, Seconds - Int64(OffsetMinutes) * 60, OffsetMinutes));
end;

procedure TPostriderMail.SetMessageId(const MessageId: TPostriderString);
begin
  Check(mail_set_message_id(FHandle, Pointer(Utf8('message_id', MessageId))));
end;

procedure TPostriderMail.SetPriority(Priority: Integer);
begin
  Check(mail_set_priority(FHandle, Priority));
end;

procedure TPostriderMail.SetImportance(Importance: Integer);
begin
  Check(mail_set_importance(FHandle, Importance));
end;

procedure TPostriderMail.RequestReadReceipt(Request: Boolean; const Address: TPostriderString);
begin
  Check(mail_request_read_receipt(FHandle, Ord(Request), Pointer(Utf8('address', Address))));
end;

procedure TPostriderMail.SetAllOrNone(AllOrNone: Boolean);
begin
  Check(mail_set_all_or_none(FHandle, Ord(AllOrNone)));
end;

function TPostriderMail.Send: TPostriderResult;
var
  Status: Integer;
  Outer: PMail;
begin
  Outer := NowSending(FHandle);
  Status := mail_send(FHandle);
  NowSending(Outer);
  RaiseWaiting;
  if Status < 0 then
    raise SendError(FHandle, Status);
  Result := LastResult;
end;

function TPostriderMail.LastResult: TPostriderResult;
var
  Everyone: TPostriderRecipients;
  I, Accepted, Refused: Integer;
begin
  Everyone := LastRecipients(FHandle);
  Result.Outcome := mail_last_outcome(FHandle);
  Result.Reply := LastReply(FHandle);
  SetLength(Result.Accepted, Length(Everyone));
  SetLength(Result.Refused, Length(Everyone));
  Accepted := 0;
  Refused := 0;
  for I := 0 to Length(Everyone) - 1 do
    if Everyone[I].Accepted then
    begin
      Result.Accepted[Accepted] := Everyone[I];
      Inc(Accepted);
    end
    else
    begin
      Result.Refused[Refused] := Everyone[I];
      Inc(Refused);
    end;
  SetLength(Result.Accepted, Accepted);
  SetLength(Result.Refused, Refused);
end;

function TPostriderMail.Diagnose: TPostriderDiagnosis;
var
  Outer: PMail;
begin
  Outer := NowSending(FHandle);
  Result.Status := mail_diagnose(FHandle);
  NowSending(Outer);
  RaiseWaiting;
  if Result.Status = MAIL_STATUS_INVALID_HANDLE then
    Check(Result.Status);
  Result.Text := Copied(mail_diagnosis_text, FHandle);
  Result.Json := Copied(mail_diagnosis_json, FHandle);
end;

procedure TPostriderMail.Cancel;
var
  Status: Integer;
begin
  Status := mail_cancel(FHandle);
  if Status < 0 then
    raise MailError(nil, Status);
end;

procedure TPostriderMail.SaveEml(const Path: TPostriderString);
begin
  Check(mail_save_eml(FHandle, PAnsiChar(Utf8('path', Path))));
end;

procedure TPostriderMail.GetEml(Stream: TStream);
var
  Eml: AnsiString;
  Size: Int64;
begin
  Size := 0;
  repeat
    SetLength(Eml, Integer(Size));
    Size := mail_get_eml(FHandle, Pointer(Eml), Length(Eml));
    if Size < 0 then
      Check(Integer(Size));
  until Size <= Length(Eml);
  if Size > 0 then
    Stream.WriteBuffer(Eml[1], Integer(Size));
end;

procedure TPostriderMail.SetLogFile(const Path: TPostriderString);
begin
  Check(mail_set_log_file(FHandle, Pointer(Utf8('path', Path))));
end;

end.
