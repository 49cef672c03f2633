{ Postrider for Delphi 7 to 12 and Free Pascal 3.2: a class over PostriderApi.

    Mail := TPostriderMail.Create;
    Mail.SetServer('smtp.example.org', 587);
    ...
    Sent := Mail.Send;  // raises EPostrider when nobody gets it

  Every method is the function mail_<name> of postrider.h, whose comments hold here too: this unit
  adds the idiom of the language and no meaning. Where the C function takes NULL, pass ''.

  Texts are TPostriderString: WideString before Delphi 2009, else UnicodeString. The tests compile
  this unit with Free Pascal in Delphi mode and refuse newer words than Delphi 7 knows; no real
  Delphi has compiled it. }
unit Postrider;

{$IFDEF FPC}{$MODE DELPHI}{$DEFINE POSTRIDER_UNICODE}{$ENDIF}
{$IFDEF UNICODE}{$DEFINE POSTRIDER_UNICODE}{$ENDIF}

interface

uses
  SysUtils, Classes, PostriderApi;

type
  {$IFDEF POSTRIDER_UNICODE}
  TPostriderString = UnicodeString;
  {$ELSE}
  TPostriderString = WideString;
  {$ENDIF}

  { A reply of the server; Code 0 when there was none. }
  TPostriderReply = record
    Code: Integer;
    EnhancedCode: TPostriderString;
    Text: TPostriderString;
  end;

  { One recipient of a send, and what the server said to it. }
  TPostriderRecipient = record
    Address: TPostriderString;
    Accepted: Boolean;
    Reply: TPostriderReply;
  end;
  TPostriderRecipients = array of TPostriderRecipient;

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

  { Raised by every call that fails. Outcome, Reply and Recipients are those of the send that
    failed; other calls leave them empty. }
  EPostrider = class(Exception)
  private
    FText: TPostriderString;
    FStatus: Integer;
    FStage: Integer;
    FCause: TPostriderString;
    FAdvice: TPostriderString;
    FOutcome: Integer;
    FReply: TPostriderReply;
    FRecipients: TPostriderRecipients;
  public
    { One line that says what went wrong: Message in full Unicode. }
    property Text: TPostriderString read FText;
    { A MAIL_STATUS_*; treat every unknown one as an error. }
    property Status: Integer read FStatus;
    { A MAIL_STAGE_*: the step in which it went wrong. }
    property Stage: Integer read FStage;
    { A stable word for programs, such as 'certificate_expired'. }
    property Cause: TPostriderString read FCause;
    { What the person can do about it: one sentence. }
    property Advice: TPostriderString read FAdvice;
    { A MAIL_OUTCOME_*: what became of the message. }
    property Outcome: Integer read FOutcome;
    property Reply: TPostriderReply read FReply;
    property Recipients: TPostriderRecipients read FRecipients;
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
    function SendError(Status: Integer): EPostrider;
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

threadvar
  { The exception of an event waits here until Send, on the same thread, is back from C. }
  Raised: TObject;

{ ---- Texts: UTF-16 here, UTF-8 there ---- }

{ An error that this unit finds before C does; in the words of the library. }
function OwnError(Status, Stage: Integer; const Text, Cause, Advice: TPostriderString): EPostrider;
begin
  Result := EPostrider.Create(string(Text));
  Result.FText := Text;
  Result.FStatus := Status;
  Result.FStage := Stage;
  Result.FCause := Cause;
  Result.FAdvice := Advice;
end;

{ A text argument as C wants it; Argument is its name. Refuses NUL, which would end the text, and
  lone surrogates, which no UTF-8 can carry. }
function Utf8(const Argument: TPostriderString; const Text: TPostriderString): AnsiString;
var
  I, Count: Integer;
  C: Cardinal;

  procedure Put(B: Cardinal);
  begin
    Inc(Count);
    Result[Count] := AnsiChar(B);
  end;

begin
  SetLength(Result, Length(Text) * 3);
  Count := 0;
  I := 1;
  while I <= Length(Text) do
  begin
    C := Ord(Text[I]);
    Inc(I);
    if C = 0 then
      raise OwnError(MAIL_STATUS_INVALID_ARGUMENT, MAIL_STAGE_ARGUMENT,
        Argument + ' must not contain NUL', 'argument_invalid',
        'Correct the argument that the error text names.');
    if (C >= $D800) and (C <= $DFFF) then
    begin
      if (C >= $DC00) or (I > Length(Text)) or
        (Ord(Text[I]) < $DC00) or (Ord(Text[I]) > $DFFF) then
        raise OwnError(MAIL_STATUS_INVALID_UTF8, MAIL_STAGE_ARGUMENT,
          Argument + ' is not valid UTF-8', 'argument_not_utf8',
          'Convert the text to UTF-8 before the call.');
      C := $10000 + ((C - $D800) shl 10) + (Cardinal(Ord(Text[I])) - $DC00);
      Inc(I);
    end;
    if C < $80 then
      Put(C)
    else if C < $800 then
    begin
      Put($C0 or (C shr 6));
      Put($80 or (C and $3F));
    end
    else if C < $10000 then
    begin
      Put($E0 or (C shr 12));
      Put($80 or ((C shr 6) and $3F));
      Put($80 or (C and $3F));
    end
    else
    begin
      Put($F0 or (C shr 18));
      Put($80 or ((C shr 12) and $3F));
      Put($80 or ((C shr 6) and $3F));
      Put($80 or (C and $3F));
    end;
  end;
  SetLength(Result, Count);
end;

{ NULL for an empty text, as C wants it where it takes NULL. }
function OrNull(const Text: AnsiString): PAnsiChar;
begin
  if Text = '' then
    Result := nil
  else
    Result := PAnsiChar(Text);
end;

{ Text from the library, which gives valid UTF-8 only. }
function Utf16(P: PAnsiChar): TPostriderString;
var
  Count, More: Integer;
  C: Cardinal;
begin
  SetLength(Result, StrLen(P));
  Count := 0;
  while P^ <> #0 do
  begin
    C := Ord(P^);
    Inc(P);
    More := 0;
    if C >= $F0 then
    begin
      C := C and $07;
      More := 3;
    end
    else if C >= $E0 then
    begin
      C := C and $0F;
      More := 2;
    end
    else if C >= $C0 then
    begin
      C := C and $1F;
      More := 1;
    end;
    while (More > 0) and (P^ <> #0) do
    begin
      C := (C shl 6) or (Cardinal(Ord(P^)) and $3F);
      Inc(P);
      Dec(More);
    end;
    Inc(Count);
    if C >= $10000 then
    begin
      Result[Count] := WideChar($D800 + ((C - $10000) shr 10));
      Inc(Count);
      C := $DC00 + ((C - $10000) and $3FF);
    end;
    Result[Count] := WideChar(C);
  end;
  SetLength(Result, Count);
end;

type
  TCopyOut = function(Mail: PMail; Buf: PAnsiChar; Cap: TPostriderSize): TPostriderSize;
    {$IFDEF MSWINDOWS} stdcall {$ELSE} cdecl {$ENDIF};
  TCopyOutOf = function(Mail: PMail; Index: Integer; Buf: PAnsiChar; Cap: TPostriderSize): TPostriderSize;
    {$IFDEF MSWINDOWS} stdcall {$ELSE} cdecl {$ENDIF};

{ Text that C copies out: asked for its length, then for itself. }
function Copied(Get: TCopyOut; Mail: PMail): TPostriderString;
var
  Buffer: AnsiString;
begin
  SetLength(Buffer, Integer(Get(Mail, nil, 0)) + 1);
  Get(Mail, PAnsiChar(Buffer), Length(Buffer));
  Result := Utf16(PAnsiChar(Buffer));
end;

function CopiedOf(Get: TCopyOutOf; Mail: PMail; Index: Integer): TPostriderString;
var
  Buffer: AnsiString;
begin
  SetLength(Buffer, Integer(Get(Mail, Index, nil, 0)) + 1);
  Get(Mail, Index, PAnsiChar(Buffer), Length(Buffer));
  Result := Utf16(PAnsiChar(Buffer));
end;

function PostriderLibraryVersion: TPostriderString;
begin
  Result := Utf16(mail_library_version);
end;

{ ---- Errors and results ---- }

{ The error of the last call on Mail. }
function LastError(Mail: PMail; Status: Integer): EPostrider;
var
  Text: TPostriderString;
begin
  Text := Copied(mail_last_error, Mail);
  if Text = '' then { the handle is gone, and its memory of errors with it }
    Text := Utf16(mail_status_text(Status));
  Result := EPostrider.Create(string(Text));
  Result.FText := Text;
  Result.FStatus := Status;
  Result.FStage := mail_last_stage(Mail);
  Result.FCause := Copied(mail_last_cause, Mail);
  Result.FAdvice := Copied(mail_last_advice, Mail);
end;

function LastReply(Mail: PMail): TPostriderReply;
begin
  Result.Code := mail_last_reply_code(Mail);
  Result.EnhancedCode := Copied(mail_last_reply_enhanced_code, Mail);
  Result.Text := Copied(mail_last_reply_text, Mail);
end;

function LastRecipients(Mail: PMail): TPostriderRecipients;
var
  I: Integer;
begin
  Result := nil;
  SetLength(Result, mail_recipient_count(Mail));
  for I := 0 to Length(Result) - 1 do
  begin
    Result[I].Address := CopiedOf(mail_recipient_address, Mail, I);
    Result[I].Accepted := mail_recipient_accepted(Mail, I) <> 0;
    Result[I].Reply.Code := mail_recipient_code(Mail, I);
    Result[I].Reply.EnhancedCode := CopiedOf(mail_recipient_enhanced_code, Mail, I);
    Result[I].Reply.Text := CopiedOf(mail_recipient_text, Mail, I);
  end;
end;

procedure TPostriderMail.Check(Status: Integer);
begin
  if Status < 0 then
    raise LastError(FHandle, Status);
end;

function TPostriderMail.SendError(Status: Integer): EPostrider;
begin
  Result := LastError(FHandle, Status);
  Result.FOutcome := mail_last_outcome(FHandle);
  Result.FReply := LastReply(FHandle);
  Result.FRecipients := LastRecipients(FHandle);
end;

{ ---- Events, called from C: no exception may leave them ---- }

procedure LogTrampoline(UserData: Pointer; Line: PAnsiChar);
  {$IFDEF MSWINDOWS} stdcall {$ELSE} cdecl {$ENDIF};
var
  Mail: TPostriderMail;
  Handle: PMail;
begin
  if Raised <> nil then
    Exit;
  Mail := TPostriderMail(UserData);
  Handle := Mail.FHandle;
  try
    if Assigned(Mail.FOnLog) then
      Mail.FOnLog(Mail, Utf16(Line));
  except
    Raised := AcquireExceptionObject;
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
  if Raised <> nil then
    Exit;
  Mail := TPostriderMail(UserData);
  Cancel := False;
  try
    if Assigned(Mail.FOnProgress) then
      Mail.FOnProgress(Mail, BytesSent, BytesTotal, Cancel);
    if not Cancel then
      Result := 0;
  except
    Raised := AcquireExceptionObject;
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
  if mail_library_abi <> MAIL_ABI_VERSION then
    raise OwnError(MAIL_STATUS_INTERNAL, MAIL_STAGE_NONE, MAIL_LIB + ' has another interface number',
      'internal_error', 'Install the library that belongs to this program.');
  FHandle := mail_new;
  if FHandle = nil then
    raise LastError(nil, MAIL_STATUS_INTERNAL);
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
  Check(mail_set_ehlo_name(FHandle, OrNull(Utf8('name', Name))));
end;

procedure TPostriderMail.SetProxy(const Proxy, User, Password: TPostriderString);
var
  Secret: PAnsiChar;
  Utf8Password: AnsiString;
begin
  Utf8Password := Utf8('password', Password);
  Secret := OrNull(Utf8Password);
  { An empty password is one too. }
  if (User <> '') and (Secret = nil) then
    Secret := '';
  Check(mail_set_proxy(FHandle, OrNull(Utf8('proxy', Proxy)), OrNull(Utf8('user', User)), Secret));
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

procedure TPostriderMail.SetAuthNone;
begin
  Check(mail_set_auth_none(FHandle));
end;

procedure TPostriderMail.SetFrom(const Address, Name: TPostriderString);
begin
  Check(mail_set_from(FHandle, OrNull(Utf8('name', Name)), PAnsiChar(Utf8('address', Address))));
end;

procedure TPostriderMail.SetSender(const Address, Name: TPostriderString);
begin
  Check(mail_set_sender(FHandle, OrNull(Utf8('name', Name)), OrNull(Utf8('address', Address))));
end;

procedure TPostriderMail.SetReturnPath(const Address: TPostriderString);
begin
  Check(mail_set_return_path(FHandle, OrNull(Utf8('address', Address))));
end;

procedure TPostriderMail.SetNullReturnPath;
begin
  Check(mail_set_return_path(FHandle, ''));
end;

procedure TPostriderMail.SetReplyTo(const Address, Name: TPostriderString);
begin
  Check(mail_set_reply_to(FHandle, OrNull(Utf8('name', Name)), OrNull(Utf8('address', Address))));
end;

procedure TPostriderMail.AddRecipient(const Address, Name: TPostriderString; Kind: Integer);
begin
  Check(mail_add_recipient(FHandle, OrNull(Utf8('name', Name)),
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
    OrNull(Utf8('name', Name)), OrNull(Utf8('content_type', ContentType))));
end;

procedure TPostriderMail.AddAttachmentBytes(Data: Pointer; Size: TPostriderSize;
  const Name, ContentType: TPostriderString);
begin
  Check(mail_add_attachment_bytes(FHandle, Data, Size, PAnsiChar(Utf8('name', Name)),
    OrNull(Utf8('content_type', ContentType))));
end;

function TPostriderMail.AddInlineFile(const Path, Name,
  ContentType: TPostriderString): TPostriderString;
var
  ContentId: array[0..MAIL_CONTENT_ID_SIZE - 1] of AnsiChar;
begin
  Check(mail_add_inline_file(FHandle, PAnsiChar(Utf8('path', Path)), OrNull(Utf8('name', Name)),
    OrNull(Utf8('content_type', ContentType)), ContentId, SizeOf(ContentId)));
  Result := Utf16(ContentId);
end;

function TPostriderMail.AddInlineBytes(Data: Pointer; Size: TPostriderSize;
  const Name, ContentType: TPostriderString): TPostriderString;
var
  ContentId: array[0..MAIL_CONTENT_ID_SIZE - 1] of AnsiChar;
begin
  Check(mail_add_inline_bytes(FHandle, Data, Size, PAnsiChar(Utf8('name', Name)),
    OrNull(Utf8('content_type', ContentType)), ContentId, SizeOf(ContentId)));
  Result := Utf16(ContentId);
end;

procedure TPostriderMail.AddHeader(const Name, Value: TPostriderString);
begin
  Check(mail_add_header(FHandle, PAnsiChar(Utf8('name', Name)), PAnsiChar(Utf8('value', Value))));
end;

procedure TPostriderMail.SetDate(const Date: TDateTime; OffsetMinutes: Integer);
const
  Epoch = 25569; { 1970-01-01 as a TDateTime }
var
  Seconds: Int64;
begin
  Seconds := Round((Date - Epoch) * 86400);
  Check(mail_set_date(FHandle, Seconds - Int64(OffsetMinutes) * 60, OffsetMinutes));
end;

procedure TPostriderMail.SetMessageId(const MessageId: TPostriderString);
begin
  Check(mail_set_message_id(FHandle, OrNull(Utf8('message_id', MessageId))));
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
  Check(mail_request_read_receipt(FHandle, Ord(Request), OrNull(Utf8('address', Address))));
end;

procedure TPostriderMail.SetAllOrNone(AllOrNone: Boolean);
begin
  Check(mail_set_all_or_none(FHandle, Ord(AllOrNone)));
end;

{ What an event has raised comes out of the call that ran it. }
procedure RaiseWhatWasRaised;
var
  Caught: TObject;
begin
  Caught := Raised;
  if Caught <> nil then
  begin
    Raised := nil;
    raise Caught;
  end;
end;

function TPostriderMail.Send: TPostriderResult;
var
  Status: Integer;
begin
  Status := mail_send(FHandle);
  RaiseWhatWasRaised;
  if Status < 0 then
    raise SendError(Status);
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
begin
  Result.Status := mail_diagnose(FHandle);
  RaiseWhatWasRaised;
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
    raise LastError(nil, Status);
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
  Check(mail_set_log_file(FHandle, OrNull(Utf8('path', Path))));
end;

end.
