/** A password that can be looked at. */
import { Eye, EyeOff } from "lucide-react";
import { type Ref, useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton, Input } from "@/ui";

/** How short a new one may be; one of before is as long as it is. */
const SHORTEST = 8;

export interface PasswordInputProps {
  readonly ref?: Ref<HTMLInputElement> | undefined;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly autoComplete: "current-password" | "new-password";
  readonly autoFocus?: boolean | undefined;
  readonly optional?: boolean | undefined;
}

export function PasswordInput({ value, onChange, optional, ...rest }: PasswordInputProps) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(false);
  return (
    <span className="relative block">
      <Input
        name={rest.autoComplete}
        type={shown ? "text" : "password"}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        required={!optional}
        minLength={rest.autoComplete === "new-password" ? SHORTEST : undefined}
        maxLength={128}
        spellCheck={false}
        autoCapitalize="none"
        className="pr-10 md:pr-10"
        {...rest}
      />
      <span className="absolute inset-y-0 right-1 flex items-center">
        <IconButton
          label={t(shown ? "signIn.hidePassword" : "signIn.showPassword")}
          size="sm"
          aria-pressed={shown}
          onClick={() => setShown(!shown)}
        >
          {shown ? <EyeOff /> : <Eye />}
        </IconButton>
      </span>
    </span>
  );
}
