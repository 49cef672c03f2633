{ Wrong use of the class: always an error that names the argument, never a crash. }
program misuse;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}
{$IFDEF MSWINDOWS}{$APPTYPE CONSOLE}{$ENDIF}

uses
  {$IFDEF UNIX}cthreads,{$ENDIF} SysUtils, Classes, PostriderApi, Postrider, Check;

type
  TCall = procedure(Mail: TPostriderMail);

var
  LastText, LastCause, LastAdvice, LastJson: TPostriderString;
  LastStage: Integer;

{ The status of the EPostrider that Call raises. }
function Refused(Mail: TPostriderMail; Call: TCall): Integer;
begin
  try
    Call(Mail);
  except
    on E: EPostrider do
    begin
      LastText := E.Text;
      LastCause := E.Cause;
      LastAdvice := E.Advice;
      LastJson := E.Json;
      Verify((E.RetryAfter = -1) and (E.Link = ''), 'it passes by itself, or a provider knows it');
      LastStage := E.Stage;
      Verify(E.Message = string(E.Text), 'Message and Text differ');
      Verify(Length(E.Recipients) = 0, 'recipients without a send');
      Result := E.Status;
      Exit;
    end;
  end;
  raise Exception.Create('failed: nothing was refused');
end;

procedure BigPort(Mail: TPostriderMail);
begin
  Mail.SetServer('smtp.example.org', 70000);
end;

procedure ZeroPort(Mail: TPostriderMail);
begin
  Mail.SetServer('smtp.example.org', 0);
end;

procedure ZeroTimeout(Mail: TPostriderMail);
begin
  Mail.SetTimeout(0);
end;

procedure UnknownProxy(Mail: TPostriderMail);
begin
  Mail.SetProxy('ftp://proxy.test');
end;

procedure PasswordWithoutUser(Mail: TPostriderMail);
begin
  Mail.SetProxy('env', '', 's3cret');
end;

procedure UnknownSecurity(Mail: TPostriderMail);
begin
  Mail.SetSecurity(99);
end;

procedure NoAddress(Mail: TPostriderMail);
begin
  Mail.AddRecipient('no address');
end;

procedure EmptyFrom(Mail: TPostriderMail);
begin
  Mail.SetFrom('');
end;

procedure NulInside(Mail: TPostriderMail);
begin
  Mail.SetSubject('a'#0'b');
end;

procedure LoneHighSurrogate(Mail: TPostriderMail);
begin
  Mail.SetSubject(TPostriderString('a') + WideChar($D83D));
end;

procedure LoneLowSurrogate(Mail: TPostriderMail);
begin
  Mail.SetSubject(TPostriderString(WideChar($DE00)) + 'a');
end;

procedure NoPem(Mail: TPostriderMail);
begin
  Mail.AddCaPem(nil, 0);
end;

procedure NilWithSize(Mail: TPostriderMail);
begin
  Mail.AddAttachmentBytes(nil, 5, 'five.bin');
end;

procedure MissingFile(Mail: TPostriderMail);
begin
  Mail.AddAttachmentFile('/no/such/file');
end;

procedure SetSubjectLate(Mail: TPostriderMail);
begin
  Mail.SetSubject('late');
end;

procedure CancelLate(Mail: TPostriderMail);
begin
  Mail.Cancel;
end;

procedure Eml(Mail: TPostriderMail);
var
  Stream: TMemoryStream;
begin
  Stream := TMemoryStream.Create;
  try
    Mail.GetEml(Stream);
  finally
    Stream.Free;
  end;
end;

function EmlOf(Mail: TPostriderMail): AnsiString;
var
  Stream: TMemoryStream;
begin
  Result := '';
  Stream := TMemoryStream.Create;
  try
    Mail.GetEml(Stream);
    SetString(Result, PAnsiChar(Stream.Memory), Stream.Size);
  finally
    Stream.Free;
  end;
end;

procedure AWrongArgumentIsNamed;
var
  Mail: TPostriderMail;
begin
  Mail := TPostriderMail.Create;
  Verify(Refused(Mail, BigPort) = MAIL_STATUS_INVALID_ARGUMENT, 'port 70000');
  Verify(Pos('port', string(LastText)) > 0, 'the text names no port');
  Verify(LastStage = MAIL_STAGE_ARGUMENT, 'stage');
  Verify((LastCause <> '') and (LastAdvice <> ''), 'no cause or advice');
  Verify(Pos('"cause":"argument_invalid"', string(LastJson)) > 0, 'the JSON has no cause');
  Verify(Refused(Mail, ZeroPort) = MAIL_STATUS_INVALID_ARGUMENT, 'port 0');
  Verify(Refused(Mail, ZeroTimeout) = MAIL_STATUS_INVALID_ARGUMENT, 'timeout 0');
  Verify(Refused(Mail, UnknownProxy) = MAIL_STATUS_INVALID_ARGUMENT, 'an unknown proxy');
  Verify(Refused(Mail, PasswordWithoutUser) = MAIL_STATUS_NULL_POINTER, 'a password without user');
  Mail.SetProxy('http://proxy.test', 'anna', '');
  Mail.SetProxy('');
  Verify(Refused(Mail, UnknownSecurity) = MAIL_STATUS_INVALID_ARGUMENT, 'security 99');
  Verify(Refused(Mail, NoAddress) = MAIL_STATUS_INVALID_ARGUMENT, 'no address');
  Verify(Refused(Mail, EmptyFrom) = MAIL_STATUS_INVALID_ARGUMENT, 'empty From');
  Mail.Free;
end;

procedure TextThatIsNoTextIsRefused;
var
  Mail: TPostriderMail;
begin
  Mail := TPostriderMail.Create;
  Verify(Refused(Mail, NulInside) = MAIL_STATUS_INVALID_ARGUMENT, 'NUL');
  Verify(LastText = 'subject must not contain NUL', 'text of NUL');
  Verify(Refused(Mail, LoneHighSurrogate) = MAIL_STATUS_INVALID_UTF8, 'high surrogate');
  Verify(LastText = 'subject is not valid UTF-8', 'text of a surrogate');
  Verify(Refused(Mail, LoneLowSurrogate) = MAIL_STATUS_INVALID_UTF8, 'low surrogate');
  Mail.Free;
end;

procedure NothingIsAllowedWhereItMakesSense;
var
  Mail: TPostriderMail;
begin
  Mail := TPostriderMail.Create;
  Mail.SetFrom('anna@example.org');
  Mail.SetSubject('');
  Mail.SetText('');
  Mail.RemoveText;
  Mail.AddAttachmentBytes(nil, 0, 'empty.bin');
  Verify(Pos('@', string(Mail.AddInlineBytes(nil, 0, 'empty.png'))) > 0, 'no content id');
  Verify(Pos('empty.bin', string(EmlOf(Mail))) > 0, 'no attachment');
  Verify(Refused(Mail, NoPem) = MAIL_STATUS_NULL_POINTER, 'no certificate');
  Verify(Refused(Mail, NilWithSize) = MAIL_STATUS_NULL_POINTER, 'nil');
  Verify(Refused(Mail, MissingFile) = MAIL_STATUS_FILE, 'missing file');
  Mail.Free;
end;

procedure ASendWithoutAnythingSaysWhatIsMissing;
var
  Mail: TPostriderMail;
begin
  Mail := TPostriderMail.Create;
  Verify(FailedWith(Mail) = MAIL_STATUS_INCOMPLETE, 'send');
  Verify(Refused(Mail, Eml) = MAIL_STATUS_INCOMPLETE, 'eml');
  Mail.Free;
end;

procedure AFreedHandleIsAnError;
var
  Mail: TPostriderMail;
begin
  Mail := TPostriderMail.Create;
  mail_free(Mail.Handle);
  Verify(Refused(Mail, SetSubjectLate) = MAIL_STATUS_INVALID_HANDLE, 'subject');
  Verify(Refused(Mail, CancelLate) = MAIL_STATUS_INVALID_HANDLE, 'cancel');
  Verify(FailedWith(Mail) = MAIL_STATUS_INVALID_HANDLE, 'send');
  Verify(Length(Mail.LastResult.Accepted) = 0, 'result');
  Mail.Free; { frees it again, which does nothing }
  Verify(mail_send(nil) = MAIL_STATUS_INVALID_HANDLE, 'nil');
  Verify(mail_send(@Mail) = MAIL_STATUS_INVALID_HANDLE, 'a foreign pointer');
  mail_free(@Mail);
  mail_free(nil);
end;

{ Every length of UTF-8 goes in as UTF-16 and comes back so. }
procedure TextsComeBackAsTheyWentIn;
var
  Mail: TPostriderMail;
  Name: TPostriderString;
  Eml: AnsiString;
begin
  Mail := TPostriderMail.Create;
  Name := TPostriderString('a') + WideChar($00FC) + WideChar($20AC) + WideChar($D83D) +
    WideChar($DE00);
  try
    Mail.AddAttachmentFile('/no/such/' + Name);
    Verify(False, 'a missing file');
  except
    on E: EPostrider do
      Verify(Pos(Name, E.Text) > 0, 'the text names another file');
  end;
  Mail.SetFrom('anna@example.org', 'Anna');
  Mail.SetDate(EncodeDate(1970, 1, 2) + EncodeTime(1, 30, 0, 0), 90);
  Mail.SetMessageId('<order-17@example.org>');
  Mail.SetText(Name);
  Eml := EmlOf(Mail);
  Verify((Pos(' 02 Jan 1970 01:30:00 +0130', string(Eml)) > 0) or
    (Pos(' 2 Jan 1970 01:30:00 +0130', string(Eml)) > 0), 'date');
  Verify(Pos('Message-ID: <order-17@example.org>', string(Eml)) > 0, 'message id');
  Verify(PostriderLibraryVersion <> '', 'version');
  Mail.Free;
end;

begin
  Run('AWrongArgumentIsNamed', AWrongArgumentIsNamed);
  Run('TextThatIsNoTextIsRefused', TextThatIsNoTextIsRefused);
  Run('NothingIsAllowedWhereItMakesSense', NothingIsAllowedWhereItMakesSense);
  Run('ASendWithoutAnythingSaysWhatIsMissing', ASendWithoutAnythingSaysWhatIsMissing);
  Run('AFreedHandleIsAnError', AFreedHandleIsAnError);
  Run('TextsComeBackAsTheyWentIn', TextsComeBackAsTheyWentIn);
end.
