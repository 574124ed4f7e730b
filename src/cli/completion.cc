// Completion for three shells and the manual page, written from one description of the command line.
#include "base/error.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "cli/words.h"

namespace mortise::cli {
namespace {

// Calls `visit(path, word)` for each word, "mortise" first; the path is "mortise", "mortise runs", "mortise runs list".
template <typename Visit>
void walk(const Word& word, const std::string& path, const Visit& visit) {
  visit(path, word);
  for (const Word& below : word.words) walk(below, path + " " + below.name, visit);
}

std::string joined(const std::vector<std::string>& all, std::string_view between) {
  std::string text;
  for (const std::string& one : all) text.append(text.empty() ? "" : between).append(one);
  return text;
}

std::string quoted(std::string text) {
  for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 4) text.replace(at, 1, "'\\''");
  return "'" + text + "'";
}

// ---- bash ------------------------------------------------------------------------------------------------------------------

// What may follow each path: the words below it, else its options; options with few values complete to those.
std::string bash(const Word& program) {
  std::string words, options, values;
  walk(program, "mortise", [&](const std::string& path, const Word& word) {
    std::string below, own;
    for (const Word& each : word.words) below += " " + each.name;
    for (const Word::Option& option : word.options) own += " " + joined(option.names, " ");
    for (const Word::Option& option : program.options) own += &word == &program ? "" : " " + joined(option.names, " ");
    for (const Word::Option& argument : word.arguments)
      below += argument.choices.empty() ? "" : " " + joined(argument.choices, " ");
    words += "    " + quoted(path) + ") words=" + quoted(below) + " ;;\n";
    options += "    " + quoted(path) + ") options=" + quoted(own) + " ;;\n";
    for (const Word::Option& option : word.options) {
      if (option.choices.empty()) continue;
      for (const std::string& name : option.names)
        values += "    " + quoted(path + " " + name) + ") values=" + quoted(joined(option.choices, " ")) + " ;;\n";
    }
  });
  std::string with_value = "|";
  walk(program, "mortise", [&](const std::string&, const Word& word) {
    for (const Word::Option& option : word.options) {
      for (const std::string& name : option.names) {
        if (!option.value.empty() && with_value.find("|" + name + "|") == std::string::npos) with_value += name + "|";
      }
    }
  });
  return R"(# Completion of mortise for bash, made by `mortise completion bash`.
_mortise() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path=mortise words options values word skip= i
  local with_value=)" +
         quoted(with_value) + R"(
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $skip ]]; then skip=; continue; fi
    if [[ $word == -* ]]; then [[ $with_value == *"|$word|"* ]] && skip=1; continue; fi
    words=
    _mortise_words "$path"
    [[ " $words " == *" $word "* ]] && path="$path $word"
  done
  _mortise_values "$path $before"
  if [[ $values ]]; then COMPREPLY=($(compgen -W "$values" -- "$current")); return; fi
  if [[ $with_value == *"|$before|"* ]]; then COMPREPLY=($(compgen -f -- "$current")); return; fi
  _mortise_words "$path"
  _mortise_options "$path"
  if [[ $current == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ $words ]]; then COMPREPLY=($(compgen -W "$words" -- "$current"))
  else COMPREPLY=($(compgen -f -- "$current")); fi
}
_mortise_words() {
  case $1 in
)" + words +
         R"(    *) words= ;;
  esac
}
_mortise_options() {
  case $1 in
)" + options +
         R"(    *) options= ;;
  esac
}
_mortise_values() {
  case $1 in
)" + values +
         R"(    *) values= ;;
  esac
}
complete -o filenames -F _mortise mortise
)";
}

// zsh runs what bash does, by its own bridge.
std::string zsh(const Word& program) {
  return "#compdef mortise\n# Completion of mortise for zsh, made by `mortise completion zsh`.\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash(program);
}

// ---- fish ------------------------------------------------------------------------------------------------------------------

std::string fish(const Word& program) {
  std::string text =
      "# Completion of mortise for fish, made by `mortise completion fish`.\n"
      "function __mortise_at\n"
      "  set -l words (string match -v -- '-*' (commandline -opc))\n"
      "  test \"$words\" = \"$argv\"\n"
      "end\n"
      "complete -c mortise -f\n";
  walk(program, "mortise", [&](const std::string& path, const Word& word) {
    for (const Word& below : word.words) {
      text +=
          "complete -c mortise -n '__mortise_at " + path + "' -a " + below.name + " -d " + quoted(below.summary) + "\n";
    }
    const std::string seen = word.words.empty() && &word != &program
                                 ? " -n '__fish_seen_subcommand_from " + path.substr(path.rfind(' ') + 1) + "'"
                                 : " -n '__mortise_at " + path + "'";
    for (const Word::Option& option : word.options) {
      text += "complete -c mortise" + seen;
      for (const std::string& name : option.names)
        text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!option.value.empty()) text += " -r";
      if (!option.choices.empty()) text += " -f -a " + quoted(joined(option.choices, " "));
      text += " -d " + quoted(option.description) + "\n";
    }
    if (word.words.empty() && !word.arguments.empty()) text += "complete -c mortise" + seen + " -F\n";
  });
  return text;
}

// ---- the manual page ---------------------------------------------------------------------------------------------------------

std::string roff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\\\";
    } else if (c == '-') {
      escaped += "\\-";
    } else if ((c == '.' || c == '\'') && (escaped.empty() || escaped.back() == '\n')) {
      escaped.append("\\&").push_back(c);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string man_option(const Word::Option& option) {
  std::string text = ".TP\n";
  for (const std::string& name : option.names)
    text += (name == option.names.front() ? "\\fB" : ", \\fB") + roff(name) + "\\fR";
  if (!option.value.empty()) text += " \\fI" + roff(option.value) + "\\fR";
  return text + "\n" + roff(option.description) + "\n";
}

std::string man(const Word& program, const std::string& version) {
  std::string text = ".\\\" made by `mortise completion man`\n.TH MORTISE 1 \"\" \"mortise " + version +
                     "\" \"User Commands\"\n.SH NAME\nmortise \\- " +
                     roff("one host for plugins that work on data and models") +
                     "\n.SH SYNOPSIS\n.B mortise\n\\fIVERB\\fR [\\fIARGUMENT\\fR...] [\\fIOPTION\\fR...]\n.SH VERBS\n";
  walk(program, "mortise", [&](const std::string& path, const Word& word) {
    if (!word.words.empty()) return;
    text += ".SS \"" + roff(path);
    for (const Word::Option& argument : word.arguments) text += " " + roff(joined(argument.names, " "));
    text += "\"\n" + roff(word.summary) + ".\n";
    for (const Word::Option& argument : word.arguments) text += man_option(argument);
    for (const Word::Option& option : word.options) text += man_option(option);
    if (!word.details.empty()) text += ".PP\n.nf\n" + roff(word.details) + "\n.fi\n";
  });
  text += ".SH OPTIONS OF ALL VERBS\n";
  for (const Word::Option& option : program.options) text += man_option(option);
  text +=
      ".SH EXIT STATUS\n.nf\n"
      "0    done\n64   the input is invalid\n65   a conflict with the present state\n66   not found\n69   unsupported\n"
      "70   a plugin failed\n71   a defect of mortise\n75   busy, try again later\n77   denied\n124  a deadline "
      "passed\n"
      "130  cancelled\n.fi\n"
      ".SH FILES\n.TP\n\\fImortise.yaml\\fR, \\fImortise.toml\\fR\nThe configuration, in the present folder; "
      "\\fBmortise config keys\\fR lists its keys.\n.TP\n\\fI.mortise\\fR\nThe data folder.\n"
      ".SH ENVIRONMENT\n.TP\n\\fBMORTISE_CONFIG\\fR\nThe configuration file.\n.TP\n\\fBMORTISE_DATA_DIR\\fR\nThe data "
      "folder.\n"
      ".TP\n\\fBMORTISE_\\fISECTION\\fB_\\fIKEY\\fR\nAny key of the configuration.\n";
  return text;
}

}  // namespace

std::string completion_for(std::string_view shell, const Word& program, const std::string& version) {
  if (shell == "bash") return bash(program);
  if (shell == "zsh") return zsh(program);
  if (shell == "fish") return fish(program);
  return man(program, version);
}

int completion(const Tools& tools) {
  print(completion_for(tools.arguments.shell, program_words(tools.maker.guests()), tools.maker.version()));
  return 0;
}

}  // namespace mortise::cli
