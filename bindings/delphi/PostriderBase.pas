{ What the classes of Postrider have in common: texts, errors, and exceptions of events.

  Programs name the unit Postrider, which has the public names of this one too. }
unit PostriderBase;

{$IFDEF FPC}{$MODE DELPHI}{$DEFINE POSTRIDER_UNICODE}{$ENDIF}
{$IFDEF UNICODE}{$DEFINE POSTRIDER_UNICODE}{$ENDIF}

interface

uses
  SysUtils, PostriderApi;

const
  { 1970-01-01 as a TDateTime. }
  UnixEpoch = 25569;

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

  { Raised by every call that fails. Outcome, Reply and Recipients are those of the send that
    failed; other calls leave them empty. }
  EPostrider = class(Exception)
  private
    FText: TPostriderString;
    FStatus: Integer;
    FStage: Integer;
    FCause: TPostriderString;
    FAdvice: TPostriderString;
    FLink: TPostriderString;
    FRetryAfter: Integer;
    FJson: TPostriderString;
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
    { A page of the provider's that tells more; '' when there is none. }
    property Link: TPostriderString read FLink;
    { How many seconds to wait before the same may succeed, 0 when nobody says; -1 when something has
      to be changed first. }
    property RetryAfter: Integer read FRetryAfter;
    { Everything that is known, as JSON without secrets: to paste into a ticket. }
    property Json: TPostriderString read FJson;
    { A MAIL_OUTCOME_*: what became of the message. }
    property Outcome: Integer read FOutcome;
    property Reply: TPostriderReply read FReply;
    property Recipients: TPostriderRecipients read FRecipients;
  end;

  TPostriderCopyOut = function(Handle: Pointer; Buf: PAnsiChar;
    Cap: TPostriderSize): TPostriderSize; {$IFDEF MSWINDOWS} stdcall {$ELSE} cdecl {$ENDIF};

{ Raises an error unless the library has the interface of this unit. }
procedure CheckLibrary;

{ A text argument as C wants it; Argument is its name. Refuses NUL, which would end the text, and
  lone surrogates, which no UTF-8 can carry. Hand it on as PAnsiChar(Utf8(...)), or as
  Pointer(Utf8(...)), which is nil for an empty text, where C takes NULL. Free Pascal ends the text
  early when a function stands between the two. }
function Utf8(const Argument: TPostriderString; const Text: TPostriderString): AnsiString;
{ The password for a user: an empty one is one too; NULL without both. }
function PasswordFor(const User: TPostriderString; const Password: AnsiString): PAnsiChar;
{ Text from the library, which gives valid UTF-8 only. }
function Utf16(P: PAnsiChar): TPostriderString;
{ Text that C copies out: asked for its length, then for itself. }
function Copied(Get: TPostriderCopyOut; Handle: Pointer): TPostriderString;

{ For a value that is not allowed; Text begins with the name of the argument. }
function ArgumentError(const Text: TPostriderString): EPostrider;
{ The error of the last call on a mail or an account. }
function MailError(Mail: PMail; Status: Integer): EPostrider;
function AccountError(Account: PMailAccount; Status: Integer): EPostrider;
{ That of a send, with what became of the message. }
function SendError(Mail: PMail; Status: Integer): EPostrider;
function LastReply(Mail: PMail): TPostriderReply;
function LastRecipients(Mail: PMail): TPostriderRecipients;

{ No exception may leave an event into C. It waits until the call, on the same thread, is back; until
  then no further event runs. }

{ Keeps the exception that is being handled. }
procedure KeepException;
function ExceptionWaits: Boolean;
{ For events that run nevertheless: takes the waiting exception away, and puts it back in place of
  theirs. }
function TakeException: TObject;
procedure PutBackException(Waiting: TObject);
{ After a call: raises what waits. }
procedure RaiseWaiting;

{ Which mail the innermost call of this thread sends; nil: it does something else. Gives the outer
  one, for afterwards. }
function NowSending(Mail: PMail): PMail;
{ Ends the send that the event of an account belongs to, if it does. }
procedure CancelSending;

implementation

threadvar
  Raised: TObject;
  Sending: PMail;

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
  Result.FRetryAfter := -1;
end;

function ArgumentError(const Text: TPostriderString): EPostrider;
begin
  Result := OwnError(MAIL_STATUS_INVALID_ARGUMENT, MAIL_STAGE_ARGUMENT, Text, 'argument_invalid',
    'Correct the argument that the error text names.');
end;

procedure CheckLibrary;
begin
  if mail_library_abi <> MAIL_ABI_VERSION then
    raise OwnError(MAIL_STATUS_INTERNAL, MAIL_STAGE_NONE, MAIL_LIB + ' has another interface number',
      'internal_error', 'Install the library that belongs to this program.');
end;

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
      raise ArgumentError(Argument + ' must not contain NUL');
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

function PasswordFor(const User: TPostriderString; const Password: AnsiString): PAnsiChar;
begin
  Result := Pointer(Password);
  if (User <> '') and (Result = nil) then
    Result := '';
end;

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

function Copied(Get: TPostriderCopyOut; Handle: Pointer): TPostriderString;
var
  Buffer: AnsiString;
begin
  SetLength(Buffer, Integer(Get(Handle, nil, 0)) + 1);
  Get(Handle, PAnsiChar(Buffer), Length(Buffer));
  Result := Utf16(PAnsiChar(Buffer));
end;

{ ---- Errors and results ---- }

function Remembered(Status, Stage: Integer;
  const Text, Cause, Advice: TPostriderString): EPostrider;
begin
  if Text <> '' then
    Result := OwnError(Status, Stage, Text, Cause, Advice)
  else { the handle is gone, and its memory of errors with it }
    Result := OwnError(Status, Stage, Utf16(mail_status_text(Status)), Cause, Advice);
end;

function MailError(Mail: PMail; Status: Integer): EPostrider;
begin
  Result := Remembered(Status, mail_last_stage(Mail), Copied(mail_last_error, Mail),
    Copied(mail_last_cause, Mail), Copied(mail_last_advice, Mail));
  Result.FLink := Copied(mail_last_link, Mail);
  Result.FRetryAfter := mail_last_retry_after(Mail);
  Result.FJson := Copied(mail_last_error_json, Mail);
end;

function AccountError(Account: PMailAccount; Status: Integer): EPostrider;
begin
  Result := Remembered(Status, mail_account_last_stage(Account),
    Copied(mail_account_last_error, Account), Copied(mail_account_last_cause, Account),
    Copied(mail_account_last_advice, Account));
  Result.FLink := Copied(mail_account_last_link, Account);
  Result.FRetryAfter := mail_account_last_retry_after(Account);
  Result.FJson := Copied(mail_account_last_error_json, Account);
end;

function SendError(Mail: PMail; Status: Integer): EPostrider;
begin
  Result := MailError(Mail, Status);
  Result.FOutcome := mail_last_outcome(Mail);
  Result.FReply := LastReply(Mail);
  Result.FRecipients := LastRecipients(Mail);
end;

function LastReply(Mail: PMail): TPostriderReply;
begin
  Result.Code := mail_last_reply_code(Mail);
  Result.EnhancedCode := Copied(mail_last_reply_enhanced_code, Mail);
  Result.Text := Copied(mail_last_reply_text, Mail);
end;

type
  TCopyOutOf = function(Mail: PMail; Index: Integer; Buf: PAnsiChar; Cap: TPostriderSize): TPostriderSize;
    {$IFDEF MSWINDOWS} stdcall {$ELSE} cdecl {$ENDIF};

function CopiedOf(Get: TCopyOutOf; Mail: PMail; Index: Integer): TPostriderString;
var
  Buffer: AnsiString;
begin
  SetLength(Buffer, Integer(Get(Mail, Index, nil, 0)) + 1);
  Get(Mail, Index, PAnsiChar(Buffer), Length(Buffer));
  Result := Utf16(PAnsiChar(Buffer));
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

{ ---- Exceptions of events ---- }

procedure KeepException;
begin
  Raised := AcquireExceptionObject;
end;

function ExceptionWaits: Boolean;
begin
  Result := Raised <> nil;
end;

function TakeException: TObject;
begin
  Result := Raised;
  Raised := nil;
end;

procedure PutBackException(Waiting: TObject);
begin
  if Waiting = nil then
    Exit;
  Raised.Free;
  Raised := Waiting;
end;

procedure RaiseWaiting;
begin
  if Raised <> nil then
    raise TakeException;
end;

function NowSending(Mail: PMail): PMail;
begin
  Result := Sending;
  Sending := Mail;
end;

procedure CancelSending;
begin
  if Sending <> nil then
    mail_cancel(Sending);
end;

end.
