{ Sends one message with an OAuth2 access token, and tells what became of it.

    POSTRIDER_HOST=smtp.example.org POSTRIDER_PORT=587
    POSTRIDER_USER=anna@example.org POSTRIDER_TOKEN=...
    POSTRIDER_TO=bob@example.org,carol@example.org  ./example

  POSTRIDER_CA is a file with a further certificate to trust; POSTRIDER_TO is yourself unless set.
  Secrets come from the environment: on a command line everybody on the machine can read them. }
program example;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}
{$IFDEF MSWINDOWS}{$APPTYPE CONSOLE}{$ENDIF}

uses
  {$IFDEF FPC}{$IFDEF UNIX}cthreads, cwstring,{$ENDIF}{$ENDIF}
  {$IFDEF MSWINDOWS}Windows,{$ENDIF}
  SysUtils, Postrider;

type
  TPrinter = class
    procedure PrintLine(Sender: TObject; const Line: TPostriderString);
  end;

procedure TPrinter.PrintLine(Sender: TObject; const Line: TPostriderString);
begin
  WriteLn('  ', Line);
end;

{ Through no code page, which would lose letters that it does not have. }
function Environment(const Name: TPostriderString): TPostriderString;
begin
  {$IFDEF MSWINDOWS}
  SetLength(Result, GetEnvironmentVariableW(PWideChar(Name), nil, 0));
  SetLength(Result, GetEnvironmentVariableW(PWideChar(Name), PWideChar(Result), Length(Result)));
  {$ELSE}
  {$IFDEF FPC}
  Result := UTF8Decode(GetEnvironmentVariable(string(Name)));
  {$ELSE}
  Result := GetEnvironmentVariable(Name);
  {$ENDIF}
  {$ENDIF}
end;

function Setting(const Name, Fallback: TPostriderString): TPostriderString;
begin
  Result := Environment(Name);
  if Result = '' then
    Result := Fallback;
end;

procedure PrintRecipients(const What: string; const Recipients: TPostriderRecipients);
var
  I: Integer;
begin
  for I := 0 to Length(Recipients) - 1 do
    WriteLn(What, ' ', Recipients[I].Address, ': ', Recipients[I].Reply.Code, ' ',
      Recipients[I].Reply.Text);
end;

const
  Order: AnsiString = 'item;price'#13#10'postcard;1.20'#13#10;
var
  Host, Port, Ca, User, Token, Recipients: TPostriderString;
  Printer: TPrinter;
  Mail: TPostriderMail;
  Sent: TPostriderResult;
begin
  Host := Setting('POSTRIDER_HOST', '');
  Port := Setting('POSTRIDER_PORT', '587');
  Ca := Setting('POSTRIDER_CA', '');
  User := Setting('POSTRIDER_USER', '');
  Token := Setting('POSTRIDER_TOKEN', '');
  Recipients := Setting('POSTRIDER_TO', User);
  if (Host = '') or (User = '') or (Token = '') then
  begin
    WriteLn(ErrOutput, 'Set POSTRIDER_HOST, POSTRIDER_USER and POSTRIDER_TOKEN first.');
    Halt(1);
  end;

  Printer := TPrinter.Create;
  Mail := TPostriderMail.Create;
  try
    try
      Mail.OnLog := Printer.PrintLine;
      Mail.SetServer(Host, StrToInt(string(Port)));
      if Ca <> '' then
        Mail.AddCaFile(Ca);
      Mail.SetAuthXoauth2(User, Token);
      Mail.SetFrom(User, 'Postrider');
      Mail.AddRecipients(Recipients);
      Mail.SetSubject('Greetings from Delphi');
      Mail.SetText('Hello,'#10'here is your order.'#10);
      Mail.SetHtml('<p>Hello,<br>here is your <b>order</b>.</p>');
      Mail.AddAttachmentBytes(PAnsiChar(Order), Length(Order), 'order.csv');
      Sent := Mail.Send;
      PrintRecipients('accepted', Sent.Accepted);
      PrintRecipients('refused', Sent.Refused);
    except
      on E: EPostrider do
      begin
        WriteLn('not sent: ', E.Text);
        WriteLn('stage ', E.Stage, ', cause ', E.Cause);
        WriteLn('advice: ', E.Advice);
        ExitCode := 1;
      end;
    end;
  finally
    Mail.Free;
    Printer.Free;
  end;
end.
